"""No-op steps in a Restate workflow: its server, a service in Node, and this client; prints one JSON line.

usage: orchestrate_restate.py N row|all|fan MODULES

`row`: one after the other; `all`: started at once and awaited; `fan`: N calls of another handler. The
time of the run is that of the one request; starting the server and the service is in the process's.
"""
import json
import sys
import time
from pathlib import Path

from restate import INGRESS, post, running

count, mode, modules = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
with running(modules):
    post(f"{INGRESS}/bench/row", 1)
    began = time.perf_counter()
    post(f"{INGRESS}/bench/{mode}", count)
    run_s = time.perf_counter() - began
package = json.loads((modules / "@restatedev" / "restate-server" / "package.json").read_text())
print(json.dumps({"run_s": run_s, "versions": {"Restate": package["version"]}}))

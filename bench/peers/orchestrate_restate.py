"""No-op steps in a Restate workflow: its server, a service in Node, and this client; prints one JSON line.

usage: orchestrate_restate.py N row|all|fan MODULES

`row`: one after the other; `all`: started at once and awaited; `fan`: N calls of another handler. The
time of the run is that of the one request; starting the server and the service is in the process's.
"""
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

count, mode, modules = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
SERVER = modules / "@restatedev" / "restate-server-linux-x64" / "bin" / "restate-server"
SERVICE = Path(__file__).with_name("orchestrate_restate.mjs")


def main():
    quiet = {**os.environ, "RESTATE_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "1", "RUST_LOG": "error",
             "RESTATE_LOGGING": "ERROR", "NODE_ENV": "production", "BENCH_MODULES": str(modules)}
    with open("restate.log", "wb") as log:
        programs = [[SERVER, "--base-dir", "restate"], ["node", SERVICE]]
        running = [subprocess.Popen(program, env=quiet, stdout=log, stderr=log) for program in programs]
    try:
        post("http://127.0.0.1:9070/deployments", {"uri": "http://127.0.0.1:9080"})
        post("http://127.0.0.1:8080/bench/row", 1)
        began = time.perf_counter()
        post(f"http://127.0.0.1:8080/bench/{mode}", count)
        run_s = time.perf_counter() - began
    finally:
        for process in running:
            process.kill()
            process.wait()
    package = json.loads((modules / "@restatedev" / "restate-server" / "package.json").read_text())
    print(json.dumps({"run_s": run_s, "versions": {"Restate": package["version"]}}))


def post(url, body, seconds=30):
    """Asks until it answers: both programs need a moment to start."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    until = time.monotonic() + seconds
    while True:
        try:
            return urllib.request.urlopen(request, timeout=120).read()
        except urllib.error.URLError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)


main()

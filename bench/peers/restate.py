"""A Restate server and the service beside it, started for one script and ended with it."""
import contextlib
import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

SERVICE = Path(__file__).with_name("restate.mjs")
ADMIN, INGRESS = "http://127.0.0.1:9070", "http://127.0.0.1:8080"


@contextlib.contextmanager
def running(modules, extra=None):
    """Both, on the folder `restate` of the current one, with the service made known to the server."""
    server = modules / "@restatedev" / "restate-server-linux-x64" / "bin" / "restate-server"
    quiet = {**os.environ, "RESTATE_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "1", "RUST_LOG": "error",
             "RESTATE_LOGGING": "ERROR", "NODE_ENV": "production", "BENCH_MODULES": str(modules), **(extra or {})}
    with open("restate.log", "ab") as log:
        programs = [[server, "--base-dir", "restate"], ["node", SERVICE]]
        started = [subprocess.Popen(program, env=quiet, stdout=log, stderr=log) for program in programs]
    try:
        post(f"{ADMIN}/deployments", {"uri": "http://127.0.0.1:9080"})
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def post(url, body, seconds=30):
    """Asks until it answers: both programs need a moment to start."""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    until = time.monotonic() + seconds
    while True:
        try:
            return urllib.request.urlopen(request, timeout=120).read()
        except urllib.error.URLError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)

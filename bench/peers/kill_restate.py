"""Twelve slow steps in a Restate handler, its server and service killed together; see kill_steps.py.

Modes: `run`, `look` (the state of its invocation, with both started again) and `again` (starting both is
all).
"""
import json
import os
import sys
import time
from pathlib import Path

import kill_steps
from restate import ADMIN, INGRESS, post, running

MODULES = Path(os.environ["BENCH_MODULES"])
BODIES = str(Path(sys.argv[2]) / "bodies.txt")


def run():
    with running(MODULES):
        # Sent, not called: nobody waits for the answer.
        work = {"count": kill_steps.STEPS, "seconds": kill_steps.SECONDS, "file": BODIES}
        post(f"{INGRESS}/bench/slow/send", work)
        return state_once(lambda state: state == "completed")


def look():
    with running(MODULES):
        return state_once(lambda state: state)


def again():
    with running(MODULES):
        state_once(lambda state: state == "completed")
    return "starting its server and the service again is enough"


def state_once(holds, seconds=60):
    """The state of the invocation, as soon as it holds."""
    until = time.monotonic() + seconds
    while not holds(state()) and time.monotonic() < until:
        time.sleep(0.1)
    return state()


def state():
    sql = "SELECT status FROM sys_invocation WHERE target_handler_name = 'slow'"
    rows = json.loads(post(f"{ADMIN}/query", {"query": sql}))["rows"]
    return ", ".join(row["status"] for row in rows)


if __name__ == "__main__":
    os.chdir(os.environ["BENCH_HOME"])
    kill_steps.main(run, look, again)

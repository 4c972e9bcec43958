"""Twelve slow steps in a DBOS workflow on SQLite, to be killed in the middle; see kill_steps.py.

Modes: `run`, `look` (the state its workflow is in) and `again` (launching the program is all).
"""
import os
import sqlite3
import time

from dbos import DBOS, SetWorkflowID

import kill_steps

DB = os.path.join(os.environ["BENCH_HOME"], "state.sqlite")


@DBOS.step()
def step(number):
    kill_steps.work(number)
    return number


@DBOS.workflow()
def twelve():
    for number in range(kill_steps.STEPS):
        step(number)


def launch():
    DBOS(config={"name": "bench", "system_database_url": f"sqlite:///{DB}", "log_level": "ERROR",
                 "console_log_level": "ERROR", "enable_otlp": False})
    DBOS.launch()


def run():
    launch()
    with SetWorkflowID("twelve"):
        twelve()
    return ""


def look():
    # Launching it would already go on with the workflow.
    with sqlite3.connect(DB) as db:
        return ", ".join(state for (state,) in db.execute("SELECT status FROM workflow_status"))


def again():
    launch()
    until = time.monotonic() + 60
    while look() not in ("SUCCESS", "ERROR") and time.monotonic() < until:
        time.sleep(0.1)
    return "starting the program again is enough"


if __name__ == "__main__":
    kill_steps.main(run, look, again)
    os._exit(0)  # its threads would take a second to end

"""No-op steps in one DBOS workflow on SQLite; prints one JSON line.

usage: orchestrate_dbos.py N row|gather DB

`row`: one after the other; `gather`: asynchronous ones, all at once.
"""
import asyncio
import json
import os
import sys
import time
from importlib.metadata import version

from dbos import DBOS


@DBOS.step()
def noop(number):
    return number


@DBOS.step()
async def later(number):
    return number


@DBOS.workflow()
def row(count):
    for number in range(count):
        noop(number)


@DBOS.workflow()
async def gather(count):
    await asyncio.gather(*[later(number) for number in range(count)])


count, mode, db = int(sys.argv[1]), sys.argv[2], sys.argv[3]
DBOS(config={"name": "bench", "system_database_url": f"sqlite:///{db}", "log_level": "ERROR",
             "console_log_level": "ERROR", "enable_otlp": False})
DBOS.launch()
began = time.perf_counter()
asyncio.run(gather(count)) if mode == "gather" else row(count)
run_s = time.perf_counter() - began
print(json.dumps({"run_s": run_s, "versions": {"DBOS": version("dbos")}}), flush=True)
os._exit(0)  # its threads would take a second to end

"""What the steps to be killed have in common: each takes a while and leaves a line when it has run.

usage of the scripts: kill_PEER.py run|look|again FOLDER; the last line of stdout is JSON.
"""
import json
import sys
import time
from pathlib import Path

STEPS, SECONDS = 12, 0.4


def work(number):
    time.sleep(SECONDS)
    with open(Path(sys.argv[2]) / "bodies.txt", "a") as bodies:
        bodies.write(f"{number}\n")


def main(run, look, again):
    said = {"run": run, "look": look, "again": again}[sys.argv[1]]()
    print(json.dumps({"said": said}), flush=True)

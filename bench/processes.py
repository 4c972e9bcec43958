"""Programs that run beside the comparison: started, waited for, ended; only those started here."""
import json
import os
import signal
import subprocess
import time

from measure import Failed, environment

LONGEST_S = 400


def begin(command, folder, extra, stdout=None):
    """Starts a program that leads a session of its own; what it says goes into `log`."""
    with open(folder / "log", "ab") as log:
        return subprocess.Popen([str(part) for part in command], cwd=folder, env=environment(extra), text=True,
                                stdout=stdout or log, stderr=log, start_new_session=True)


def finish(command, folder, extra, seconds=LONGEST_S):
    """Runs a program to its end; gives its code, or `None` when it had to be given up."""
    process = begin(command, folder, extra)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        kill(process)


def end(process, seconds=30):
    """Asks a program to stop, and waits for it; `kill -9` when it does not listen."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        kill(process)


def kill(process):
    """`kill -9` for a program and what it started, like a server of its own that it left behind."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def wait(holds, what, seconds=LONGEST_S, every=0.05):
    """Looks until it holds."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            raise Failed(f"error: waited {seconds} s for {what}")
        time.sleep(every)


class Upstream:
    """An example of the sandbox in a process of its own, until the `with` ends: a line in, one of JSON out."""

    def __init__(self, *command):
        command = [str(part) for part in command]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid, self.known = self.process.pid, json.loads(self.process.stdout.readline())

    def ask(self, line=""):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

"""`kill -9` in a run of slow steps, and then on; see kill.py."""
import json
import subprocess
import time

import ours
from fence import fenced
from harness import HERE, PYTHON
from measure import Failed
from orchestrators import home, installed
from processes import begin, finish, kill, wait

NAMES = ["dagster", "prefect", "dbos", "restate", "callboard"]
STEPS, KILLED_AT, SECONDS = 12, 5, 0.4


def steps(name, folder):
    side = Shell(folder) if name == "callboard" else Peer(name, folder)
    first = begin(side.first(), folder, side.environment)
    try:
        wait(lambda: bodies(folder) >= KILLED_AT or first.poll() is not None, "steps", 120)
    finally:
        kill(first)
    ran = bodies(folder)
    time.sleep(1)
    left = side.look()
    how = side.again()
    return {"ran": ran, "left": left, "how": how, "bodies": bodies(folder), "end": side.look()}


def bodies(folder):
    file = folder / "bodies.txt"
    return len(file.read_text().splitlines()) if file.exists() else 0


class Peer:
    def __init__(self, name, folder):
        self.folder, own = folder, installed(name)
        self.python = PYTHON if name == "restate" else own / "bin" / "python"
        self.script = HERE / "peers" / f"kill_{name}.py"
        place, extra = home(name, folder)
        self.environment = {**extra, "BENCH_HOME": str(place), "BENCH_MODULES": str(own / "node_modules")}

    def first(self):
        return self.command("run")

    def command(self, mode):
        return fenced([self.python, self.script, mode, self.folder])

    def look(self):
        return self.said("look")

    def again(self):
        return self.said("again")

    def said(self, mode):
        process = begin(self.command(mode), self.folder, self.environment, stdout=subprocess.PIPE)
        try:
            lines = process.communicate(timeout=120)[0].splitlines()
        finally:
            kill(process)
        if process.returncode != 0:
            said = (self.folder / "log").read_text()[-2000:]
            raise Failed(f"{said}\nerror: {mode} ended with {process.returncode}")
        return json.loads(lines[-1])["said"]


class Shell:
    """Each step is a command of the shell. The run is left to the next runner, whoever starts it."""

    environment = ours.SETTINGS

    def __init__(self, folder):
        self.folder, self.db = folder, folder / "callboard.db"
        step = "- {name: step%d, function: shell, with: {command: 'sleep %s; echo %d >> %s/bodies.txt'}}"
        lines = [step % (number, SECONDS, number, folder) for number in range(STEPS)]
        self.file = ours.pipeline(folder, "twelve", "steps:\n" + "\n".join(lines) + "\n")

    def first(self):
        return fenced(ours.run(self.file, self.db))

    def look(self):
        [run] = ours.ask("runs", "--db", self.db)
        return run["outcome"] or run["state"]

    def again(self):
        runner = fenced([ours.CALLBOARD, "runner", "--until-idle", "--db", self.db])
        code = finish(runner, self.folder, self.environment)
        if code != 0:
            raise Failed(f"error: the next runner ended with {code}")
        return "the next runner goes on with it"

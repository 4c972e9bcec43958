"""Callboard in the comparisons of its engine: pipelines, starting it, and what its store says."""
import json
import os
import sqlite3
import subprocess
from pathlib import Path

from harness import TARGET
from measure import Failed, environment

CALLBOARD = Path(os.environ.get("CALLBOARD_BENCH_PROGRAM") or TARGET / "callboard")
SETTINGS = {"CALLBOARD_ALLOW_PRIVATE": "true"}  # the site of the crawl is on this machine


def pipeline(folder, name, text):
    """Writes a pipeline file; gives its path."""
    path = Path(folder) / f"{name}.yaml"
    path.write_text(f"name: {name}\n{text}")
    return path


def items(folder, count, name="items"):
    """A pipeline of `count` no-op items, with durable state like any other."""
    step = "{name: each, function: sleep, with: {seconds: 0}, for_each: '{{ range(%d) }}', max_concurrency: 1000}"
    return pipeline(folder, name, f"steps:\n- {step % count}\n")


def six(folder):
    """Six steps, one after the other."""
    steps = "\n".join(f"- {{name: step{number}, function: sleep, with: {{seconds: 0}}}}" for number in range(6))
    return pipeline(folder, "six", f"steps:\n{steps}\n")


def run(file, db, *more):
    """The command that runs a pipeline file on a store."""
    return [CALLBOARD, "run", file, *more, "--db", db, "--format", "json"]


def run_quickly(file, db):
    """Runs a pipeline file that is not measured."""
    ask("run", file, "--db", db)


def ask(*arguments, good=(0,)):
    """Runs a command that answers with one JSON object or list."""
    command = [str(part) for part in (CALLBOARD, *arguments, "--format", "json")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(SETTINGS))
    if done.returncode not in good:
        raise Failed(f"{done.stderr}\nerror: {' '.join(command[1:])} ended with {done.returncode}")
    return json.loads(done.stdout) if done.stdout.strip() else None


class Store:
    """A store as any other program may read it."""

    def __init__(self, path):
        self.path = path

    def one(self, sql, *values):
        """The first row of an answer."""
        with sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=30) as db:
            return db.execute(sql, values).fetchone()

    def all(self, sql, *values):
        with sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=30) as db:
            return db.execute(sql, values).fetchall()

    def run_seconds(self):
        """How long its last run took by its own clock."""
        began, ended = self.one("SELECT began, ended FROM runs ORDER BY seq DESC LIMIT 1")
        return (ended - began) / 1000

    def leaves(self, step):
        """Of a step of its last run: items without children, attempts at them, those done."""
        return self.one(f"SELECT count(*), sum(i.attempt), sum(i.state = 4) {LEAVES}", step)

    def began(self, step):
        """When each of these items was leased, in order, in milliseconds."""
        return [at for (at,) in self.all(f"SELECT i.started {LEAVES} ORDER BY i.started", step)]

    def until_first(self, step):
        """From the beginning of the last run until the first of these items was leased."""
        began = self.one("SELECT began FROM runs ORDER BY seq DESC LIMIT 1")[0]
        return (self.one(f"SELECT min(i.started) {LEAVES}", step)[0] - began) / 1000


LEAVES = """FROM items i JOIN steps s ON s.run = i.run AND s.step = i.step
WHERE s.path = ? AND i.run = (SELECT max(seq) FROM runs) AND i.parent IS NOT NULL
AND NOT EXISTS (SELECT 1 FROM spreads WHERE item = i.id)"""


def version():
    return subprocess.run([CALLBOARD, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]

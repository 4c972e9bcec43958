"""`kill -9` in mid-crawl, and then again the way a user would; see kill.py."""
import json
import signal
import sqlite3
import subprocess
import time

import ours
from harness import HERE, PYTHON
from measure import Failed
from orchestrators import installed
from processes import LONGEST_S, begin, end, finish, kill, wait
from upstream import Server

NAMES = ["scrapy", "crawlee", "callboard", "callboard-beside"]


def crawl(name, asked, folder):
    with Server(asked.serve, asked.pages) as server:
        side = {"scrapy": Scrapy, "crawlee": Crawlee}.get(name, Callboard)(server.site, folder)
        programs = [begin(side.first(), folder, side.environment)]
        try:
            if name == "callboard-beside":
                wait(lambda: side.rows() > 0 or programs[0].poll() is not None, "the first row")
                programs.append(begin(side.runner(), folder, side.environment))
            killed(programs[0], side, asked.at * asked.pages)
            at_kill, began = side.rows(), time.perf_counter()
            alone = len(programs) == 1
            code = finish(side.again(), folder, side.environment, side.longest_s) if alone else side.wait_for_end()
            seconds = time.perf_counter() - began
        finally:
            for program in programs:
                end(program)
        rows, distinct = side.rows(), side.distinct()
        return {"pages": asked.pages, "at_kill": at_kill, "code": code, "seconds": seconds, "rows": rows,
                "lost": asked.pages - distinct, "doubled": rows - distinct, "requests": server.requests(),
                "version": side.version()}


def killed(process, side, rows):
    """Kills a crawl once it has so many rows."""
    wait(lambda: side.rows() >= rows or process.poll() is not None, "rows", every=0.2)
    kill(process)
    if process.returncode != -signal.SIGKILL:
        raise Failed(f"error: it ended with {process.returncode} before it was killed")


class Lines:
    """A crawl that leaves a line of JSON for each page; the same command goes on."""

    environment = {}
    longest_s = 180

    def __init__(self, site, folder):
        self.site, self.folder, self.file = site, folder, folder / "rows.jsonl"

    def again(self):
        return self.first()

    def lines(self):
        return self.file.read_text().splitlines() if self.file.exists() else []

    def rows(self):
        return len(self.lines())

    def distinct(self):
        found = set()
        for line in self.lines():
            try:
                found.add(json.loads(line)["url"])
            except ValueError:  # torn by the kill
                pass
        return len(found)


class Scrapy(Lines):
    def first(self):
        return [PYTHON, HERE / "peers" / "kill_scrapy.py", self.site, self.folder]

    def version(self):
        code = "import scrapy; print('Scrapy', scrapy.__version__)"
        return subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


class Crawlee(Lines):
    # Requests that were in hand at the kill are given out again after six minutes.
    longest_s = 900

    def __init__(self, site, folder):
        super().__init__(site, folder)
        self.modules = installed("crawlee") / "node_modules"
        self.environment = {"BENCH_MODULES": str(self.modules)}

    def first(self):
        return ["node", HERE / "peers" / "kill_crawlee.mjs", self.site, self.folder]

    def version(self):
        told = json.loads((self.modules / "@crawlee" / "cheerio" / "package.json").read_text())
        return f"Crawlee {told['version']}"


class Callboard:
    """The store's own tables say what there is."""

    environment = ours.SETTINGS
    longest_s = LONGEST_S

    def __init__(self, site, folder):
        self.db = folder / "callboard.db"
        self.store = ours.Store(self.db)
        text = f"steps:\n- {{name: site, function: collect, with: {{connector: site, params: {{url: '{site}'}}}}}}\n"
        self.file = ours.pipeline(folder, "crawl", text)

    def first(self):
        return ours.run(self.file, self.db)

    def again(self):
        return [ours.CALLBOARD, "run", "--resume", "last", "--db", self.db, "--format", "json"]

    def runner(self):
        return [ours.CALLBOARD, "runner", "--db", self.db]

    def wait_for_end(self):
        """Nobody does anything: the code that `callboard run` would have ended with."""
        wait(lambda: self.store.one("SELECT outcome FROM runs")[0] is not None, "the end of the run", LONGEST_S)
        outcome = self.store.one("SELECT outcome FROM runs")[0]
        return {"completed": 0, "partial": 3}.get(outcome, 1)

    def rows(self):
        return self.count("count(*)")

    def distinct(self):
        return self.count("count(DISTINCT source_key)")

    def count(self, what):
        try:
            return self.store.one(f"SELECT {what} FROM event_listings")[0]
        except sqlite3.OperationalError:  # there is no such file or table yet
            return 0

    def version(self):
        return f"callboard {ours.version()}"

"""Crawling a catalogue of plain pages, four levels deep, without a delay: callboard, Scrapy, Crawlee and spider-rs; see
cards.py. A side that is not installed is a reason in the table."""
import json
import socket
import sqlite3
import subprocess
import time
from urllib.request import urlopen

from harness import HERE, PYTHON, table
from measure import Failed, measure
from orchestrators import installed, minding

MANIFEST = HERE / "plain_cards.yaml"
# Name, and what is left of the crawl when it is killed.
NAMES = {
    "scrapy": ("Scrapy, a file of rows", "rows"),
    "scrapy-disk": ("Scrapy, JOBDIR", "rows, a queue that loses pages"),
    "crawlee": ("Crawlee, in memory", "rows"),
    "crawlee-disk": ("Crawlee, storage on disk", "rows, its queue"),
    "spider": ("spider-rs", "nothing it would go on from"),
    "plain": ("callboard", "everything: pages, rows, history, queue"),
}
GOALS = {"scrapy": "15x", "crawlee": "12x", "spider": "over 0.5x"}


class Catalogue:
    """The server of the catalogue, until the `with` ends."""

    def __init__(self, size):
        program = installed("cardsite") / "target" / "release" / "cardsite"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.process = subprocess.Popen([str(program), str(self.port), *map(str, size)], stderr=subprocess.DEVNULL)
        self.pid = self.process.pid
        self.wait_until_it_listens()

    def wait_until_it_listens(self, seconds=30):
        until = time.monotonic() + seconds
        while True:
            try:
                return self.pages()
            except OSError:
                if time.monotonic() > until:
                    raise Failed("error: the server of the catalogue does not listen") from None
                time.sleep(0.05)

    def pages(self):
        """How many it has served."""
        with urlopen(f"{self.url}__stats") as answer:
            return json.load(answer)["pages"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def sides(asked, place):
    """Each side as a function of no arguments; `place` makes a fresh folder."""
    return {name: minding(name, lambda name=name: crawl(name, asked, place(name))) for name in NAMES}


def crawl(name, asked, folder):
    """One round: a fresh server, a fresh folder, one program from start to exit."""
    command, extra = commands(name, asked, folder)
    with Catalogue(asked.plain) as site:
        row, said = measure(command(site), folder, besides=[site.pid], extra=extra)
        row["pages"] = site.pages()
    row["rows"], row["version"] = rows(name, said, folder)
    cards = asked.plain[0] * asked.plain[1] * asked.plain[2] * asked.plain[3]
    if row["rows"] != cards:
        raise Failed(f"error: {row['rows']} cards kept instead of {cards}")
    return {**row, "pages_per_s": row["pages"] / row["wall_s"]}


def commands(name, asked, folder):
    """What starts a side, given the site, and its environment."""
    kind, form = name.split("-")[0], "disk" if name.endswith("-disk") else "memory"
    if kind == "scrapy":
        return lambda site: [PYTHON, HERE / "peers" / "crawl_scrapy.py", form, site.url, folder], {}
    if kind == "crawlee":
        modules = installed("crawlee") / "node_modules"
        script = HERE / "peers" / "crawl_crawlee.mjs"
        return lambda site: ["node", script, form, site.url, folder], {"BENCH_MODULES": str(modules)}
    if kind == "spider":
        program = installed("spider") / "target" / "release" / "c_spider"
        # Its line of JSON stands behind a word.
        strip = ["sh", "-c", '"$0" "$@" | sed "s/^RESULT //"', program]
        return lambda site: [*strip, site.port, 16, folder / "rows.jsonl"], {}
    return lambda site: [asked.callboard, "collect", "--connector", MANIFEST, "--param", f"url={site.url}",
                         "--allow-private", "--db", folder / "cards.db", "--format", "json"], {}


def rows(name, said, folder):
    """How many cards a side has kept, and its version."""
    if name == "plain":
        with sqlite3.connect(folder / "cards.db") as db:
            return db.execute("SELECT count(*) FROM cards WHERE gone_at IS NULL").fetchone()[0], "callboard"
    if name == "spider":
        return said["items"], said["tool"]
    return said["rows"], said["version"]


def report(results, median):
    """The table, and the line below it."""
    found = {name: rows for name, rows in results.items() if name in NAMES}
    if not found:
        return []
    good = {name: rows for name, rows in found.items() if not any("failed" in row for row in rows)}
    rate = lambda name: median(good[name], "pages_per_s")
    ours = rate("plain") if "plain" in good else None
    lines = []
    for name, rows in found.items():
        label, left = NAMES[name]
        if name not in good:
            why = next(row["failed"] for row in rows if "failed" in row)
            lines.append([label, f"not measured: {why}", *[""] * 7])
            continue
        cells = [f"{median(rows, key):.{digits}f}" for key, digits in
                 [("pages_per_s", 0), ("wall_s", 1), ("cpu_s", 1), ("server_cpu_s", 1), ("peak_rss_mb", 0),
                  ("other_cpu_pct", 0)]]
        times = f"{ours / rate(name):.2f}x" if ours and name != "plain" else ""
        goal = f" (goal {GOALS[name]})" if times and name in GOALS else ""
        lines.append([label, *cells, left, times + goal])
    pages = next((rows[0]["pages"] for rows in good.values()), 0)
    versions = ", ".join(dict.fromkeys(rows[0]["version"] for name, rows in good.items() if name != "plain"))
    return [f"A catalogue of {pages:,} plain pages, four levels deep, no delay; from starting the program to its exit.", "",
            table(["", "pages / s", "wall s", "CPU s", "server CPU s", "peak RSS MB", "others %",
                   "left after kill -9", "callboard is"], lines), "",
            f"All keep the same cards with all their fields. {versions}.", ""]

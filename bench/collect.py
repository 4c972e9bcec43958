"""Collecting a site of generated pages end to end into a database: Scrapy against callboard.

The site is the sandbox in a process of its own, the same for both. Prints a table; `bench/run collect`
prepares everything.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import CACHE, HERE, PYTHON, TARGET, alternate, median, publish, table
from measure import measure
from upstream import SERVE, Server

SCRAPY = HERE / "peers" / "collect_scrapy.py"


def main():
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--rounds", type=int, default=3)
    ask.add_argument("--pages", type=int, default=5000, help="event pages of the site")
    ask.add_argument("--callboard", type=Path, default=TARGET / "callboard", help="the program")
    ask.add_argument("--serve", type=Path, default=SERVE, help="the sandbox")
    ask.add_argument("--only", choices=["extruct", "plain", "callboard"], help="run one side alone")
    asked = ask.parse_args()
    with tempfile.TemporaryDirectory(prefix="collect-", dir=CACHE / "bench") as folder:
        sides = {
            "extruct": lambda: scrapy("extruct", asked, folder),
            "plain": lambda: scrapy("plain", asked, folder),
            "callboard": lambda: callboard(asked, folder),
        }
        chosen = {name: side for name, side in sides.items() if asked.only in (None, name)}
        report(alternate(chosen, asked.rounds), asked)


def scrapy(form, asked, folder):
    return collect(asked, folder, lambda site, db: [PYTHON, SCRAPY, form, site, db],
                   lambda said: said["records"])


def callboard(asked, folder):
    command = lambda site, db: [asked.callboard, "collect", "--connector", "site", "--param", f"url={site}",
                                "--allow-private", "--db", db, "--format", "json"]
    return collect(asked, folder, command, lambda said: said["by_kind"]["event"]["new"])


def collect(asked, folder, command, records):
    """One round: a fresh server, a fresh database, one program from start to exit."""
    with tempfile.TemporaryDirectory(dir=folder) as work, Server(asked.serve, asked.pages) as server:
        row, said = measure(command(server.site, Path(work) / "collected.db"), work, besides=[server.pid])
    row["events"] = records(said)
    if row["events"] != asked.pages:
        said = json.dumps(said)[:2000]
        sys.exit(f"error: {row['events']} events kept instead of {asked.pages}; it said {said}")
    row["pages_per_s"] = asked.pages / row["wall_s"]
    return row


NAMES = {
    "extruct": "Scrapy with extruct",
    "plain": "Scrapy, selectors and json.loads",
    "callboard": "callboard",
}


def report(results, asked):
    keys = ["pages_per_s", "wall_s", "cpu_s", "peak_rss_mb", "server_cpu_s", "other_cpu_pct"]
    medians = {name: {key: median(rows, key) for key in keys} for name, rows in results.items()}
    ours = medians.get("callboard")
    lines = [
        f"{asked.pages} event pages and the list that links to them, over loopback, from starting the program",
        "to its exit, into a fresh SQLite file. All keep the same number of events. Callboard also lands",
        "every body, resolves times and places, and keeps history. Goals: 15 times the pages per second,",
        "under a quarter of the memory.", "",
        table(HEADER, [line(NAMES[name], found, ours) for name, found in medians.items()]), "",
        f"Median of {asked.rounds} rounds. {versions(asked)}.",
        "\"Others\" is how busy the cores were with what belongs to neither side, in per cent: above 20 the",
        "run should be repeated.",
    ]
    publish("collect", lines, results)


HEADER = ["", "pages / s", "wall s", "CPU s", "peak RSS MB", "server CPU s", "others %",
          "our speed", "our CPU", "our memory"]


def line(name, found, ours):
    cells = [name, f"{found['pages_per_s']:.0f}", f"{found['wall_s']:.2f}", f"{found['cpu_s']:.2f}",
             f"{found['peak_rss_mb']:.0f}", f"{found['server_cpu_s']:.2f}", f"{found['other_cpu_pct']:.0f}"]
    if ours is None or ours is found:
        return [*cells, "", "", ""]
    speed, cpu, memory = (ours[key] / found[key] for key in ("pages_per_s", "cpu_s", "peak_rss_mb"))
    return [*cells, f"{speed:.1f} x", f"{cpu:.3f} of its", f"{memory:.2f} of its"]


def versions(asked):
    code = ("import sys; from importlib.metadata import version; "
            "print(', '.join(f'{name} {version(name)}' for name in sys.argv[1:]))")
    peers = output([PYTHON, "-c", code, "Scrapy", "Twisted", "extruct", "parsel"])
    if not asked.callboard.exists():
        return peers
    return f"{peers}, {output([asked.callboard, '--version'])}"


def output(command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


main()

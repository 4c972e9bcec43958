"""`kill -9` in the middle, then starting again the way a user would: a crawl, and a run of slow steps.
Prints tables."""
import argparse
import sys
import tempfile
from pathlib import Path

import kill_crawl
import kill_run
from harness import CACHE, publish, published, table
from kill_run import KILLED_AT, SECONDS, STEPS
from orchestrators import minding
from upstream import SERVE


def main():
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--pages", type=int, default=20_000, help="event pages of the site")
    ask.add_argument("--at", type=float, default=0.4, help="share of the rows at which it is killed")
    ask.add_argument("--serve", type=Path, default=SERVE, help="the sandbox")
    ask.add_argument("--crawls", nargs="*", choices=kill_crawl.NAMES, default=kill_crawl.NAMES)
    ask.add_argument("--runs", nargs="*", choices=kill_run.NAMES, default=kill_run.NAMES)
    asked = ask.parse_args()
    with tempfile.TemporaryDirectory(prefix="kill-", dir=CACHE / "bench") as folder:
        place = lambda name: Path(tempfile.mkdtemp(prefix=f"{name}-", dir=folder))
        crawls = {name: told(name, lambda: kill_crawl.crawl(name, asked, place(name)))
                  for name in asked.crawls}
        runs = {name: told(name, lambda: kill_run.steps(name, place(name))) for name in asked.runs}
    # A side that is not run stays as it was measured last: these take their time.
    raw = {"crawls": crawls, "runs": runs}
    for part, before in published("kill").items():
        same = {name: row for name, row in before.items() if row.get("pages", asked.pages) == asked.pages}
        raw[part] = {**same, **raw[part]}
    publish("kill", report(asked, **raw), raw)


def told(name, side):
    print(f"killing {name}", file=sys.stderr)
    return minding(name, side)()


NAMES = {
    "scrapy": ("Scrapy, JOBDIR", "no: the same command"),
    "crawlee": ("Crawlee, storage on disk", "no: the same command"),
    "callboard": ("callboard", "no: `run --resume last`"),
    "callboard-beside": ("callboard, a second runner beside", "yes"),
}


NOT_RUN = {"failed": "not run this time, see `--crawls` and `--runs`"}
CRAWL_HEADER = ["", "rows at the kill", "goes on by itself", "then ends with", "after s", "lost", "doubled",
                "fetched again"]


def report(asked, crawls, runs):
    versions = ", ".join(dict.fromkeys(row["version"] for row in crawls.values() if "version" in row))
    return [
        f"A crawl of a list and {asked.pages:,} event pages is killed with `kill -9` once {100 * asked.at:.0f} % of",
        "the rows are there, and started again the way a user would. Goal: 0 lost, 0 doubled, under 1 % fetched",
        "again, and the next runner goes on by itself.", "",
        table(CRAWL_HEADER, [crawl_line(name, crawls.get(name, NOT_RUN)) for name in kill_crawl.NAMES]),
        "",
        f"A run of {STEPS} steps of {SECONDS} s is killed after {KILLED_AT}.", "",
        table(["", "state it is left in", "how it goes on", "state in the end", f"steps run, of {STEPS}"],
              [run_line(name, runs.get(name, NOT_RUN)) for name in kill_run.NAMES]), "",
        f"One round; {versions}; the others as under Items.",
    ]


def crawl_line(name, row):
    label, by_itself = NAMES[name]
    if "failed" in row:
        return [label, "not measured: " + row["failed"], *[""] * 6]
    # One request a page that is there, and the list.
    pages = row["pages"]
    again = max(0, row["requests"] - 1 - (pages - row["lost"]))
    return [label, f"{row['at_kill']:,}", by_itself, ended(row["code"]), f"{row['seconds']:.0f}", f"{row['lost']:,}",
            row["doubled"], f"{again:,} ({100 * again / pages:.2f} %)"]


def ended(code):
    return "nothing: it hangs, and is killed" if code is None else f"code {code}"


def run_line(name, row):
    label = {"dagster": "Dagster, in-process", "prefect": "Prefect, results kept", "dbos": "DBOS",
             "restate": "Restate"}.get(name, name)
    if "failed" in row:
        return [label, "not measured: " + row["failed"], *[""] * 3]
    return [label, row["left"].lower(), row["how"], row["end"].lower(), row["bodies"]]


main()

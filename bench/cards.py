"""Graded cards: crawling the population report where its pages come built, where a browser has to build them, and
once more when little has changed. Playwright renders the same pages in the same browser beside.

Prints a table; `bench/run cards` prepares everything.
"""
import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.request import urlopen

from harness import CACHE, HERE, TARGET, alternate, median, publish, table
from measure import measure
from processes import Upstream

PLAYWRIGHT = CACHE / "bench" / "peers" / "playwright" / "bin" / "python"
RENDER = HERE / "peers" / "render_playwright.py"
SERVE = TARGET / "examples" / "cards"


class Report(Upstream):
    """The site in a process of its own, until the `with` ends."""

    def __init__(self, serve, categories, form="scripts"):
        super().__init__(serve, categories, form)
        self.url, self.pages = self.known["url"], self.known["pages"]

    def grow(self):
        return self.ask("grow")


def main():
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--rounds", type=int, default=3)
    ask.add_argument("--categories", type=int, default=12, help="categories of the report that comes built")
    ask.add_argument("--rendered", type=int, default=120, help="pages that are rendered")
    ask.add_argument("--callboard", type=Path, default=TARGET / "callboard", help="the program")
    ask.add_argument("--serve", type=Path, default=SERVE, help="the site")
    ask.add_argument("--browser", default=shutil.which("chromium-headless-shell") or shutil.which("chromium"))
    ask.add_argument("--workers", type=int, default=4, help="pages that are rendered at once")
    ask.add_argument("--only", choices=["built", "rendered", "new", "reuse"], help="run one side alone")
    asked = ask.parse_args()
    with tempfile.TemporaryDirectory(prefix="cards-", dir=CACHE / "bench") as folder:
        sides = {
            "built": lambda: built(asked, folder),
            "rendered": lambda: rendered(asked, folder),
            "new": lambda: playwright("new", asked),
            "reuse": lambda: playwright("reuse", asked),
        }
        chosen = {name: side for name, side in sides.items() if asked.only in (None, name)}
        report(alternate(chosen, asked.rounds), asked)


def run(asked, db, url, *more):
    """The command that crawls into a store."""
    return [asked.callboard, "run", "tag", "--allow-private", "--db", db, "--format", "json", "--delay", "0",
            "--concurrency", "32", "--set", f"url={url}", *more]


def built(asked, folder):
    with tempfile.TemporaryDirectory(dir=folder) as work, Report(asked.serve, asked.categories, "rendered") as site:
        db = Path(work) / "cards.db"
        first, said = measure(run(asked, db, site.url, "--set", "render=false"), work, besides=[site.process.pid])
        done(said, site.ask()["served"], site.pages)
        site.grow()
        again, said = measure(run(asked, db, site.url, "--set", "render=false"), work, besides=[site.process.pid])
        asked_again = site.ask()["served"] - site.pages
    return {"pages": site.pages, "pages_per_s": site.pages / first["wall_s"], **first,
            "again_s": again["wall_s"], "asked_again": asked_again}


def rendered(asked, folder):
    """As many pages as asked for, of one category: a slice by the names of cards."""
    with tempfile.TemporaryDirectory(dir=folder) as work, Report(asked.serve, 1) as site:
        command = run(asked, Path(work) / "cards.db", site.url, "--set", "card_filter=G*,M*,P*")
        row, said = measure(command, work, besides=[site.process.pid])
        pages = site.ask()["served"]
        done(said, pages, pages)
    return {"pages": pages, "pages_per_min": 60 * pages / row["wall_s"], **row}


def playwright(form, asked):
    with Report(asked.serve, 1) as site:
        with urlopen(f"{site.url}/data/pop-report/Baseball/1989/Donruss?offset=0") as answer:
            rows = json.load(answer)["rows"]
        links = [site.url + cell["href"] for row in rows for cell in row[:2] if "href" in cell]
        count = asked.rendered if form == "reuse" else max(asked.rendered // 4, 8)
        command = [PLAYWRIGHT, RENDER, form, asked.browser, asked.workers]
        ran = subprocess.run([str(part) for part in command], input="\n".join(links[:count]), capture_output=True, text=True)
        if ran.returncode != 0:
            sys.exit(f"error: playwright: {ran.stderr[-2000:]}")
        said = json.loads(ran.stdout.splitlines()[-1])
    return {**said, "pages_per_min": 60 * said["pages"] / said["wall_s"]}


def done(said, served, pages):
    if said["outcome"] != "completed" or served != pages:
        sys.exit(f"error: {served} of {pages} pages; it said {json.dumps(said)[:2000]}")


def report(results, asked):
    lines, medians = [], dict(results)
    if "built" in medians:
        rows = medians["built"]
        lines += [table(["pages", "pages / s", "peak RSS MB", "second crawl s", "pages asked again"], [[
            rows[0]["pages"], f"{median(rows, 'pages_per_s'):.0f}", f"{median(rows, 'peak_rss_mb'):.0f}",
            f"{median(rows, 'again_s'):.1f}", rows[0]["asked_again"]]]), ""]
    names = {"rendered": "callboard", "new": "Playwright, a browser for each page", "reuse": "Playwright, pages reused"}
    rates = {name: median(medians[name], "pages_per_min") for name in names if name in medians}
    ours = rates.get("rendered")
    times = lambda rate: f"{ours / rate:.1f}x" if ours else ""
    lines += [table(["", "rendered pages / min", "callboard is"],
                    [[names[name], f"{rate:.0f}", times(rate)] for name, rate in rates.items()]), "",
              f"Median of {asked.rounds} rounds, {asked.workers} pages at once, one Chromium for all."]
    publish("cards", lines, results)


main()

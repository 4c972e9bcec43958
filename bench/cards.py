"""Graded cards: a catalogue of plain pages beside Scrapy, Crawlee and spider-rs; the population report where its pages
come built, once more when little has changed, and with a delay; and where a browser has to build them, beside Playwright
with the same browser.

Prints tables; `bench/run cards` prepares everything.
"""
import argparse
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.request import urlopen

import card_crawls
from harness import CACHE, HERE, TARGET, alternate, median, publish, table
from measure import Failed, measure
from orchestrators import installed, minding
from processes import Upstream

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
    ask.add_argument("--plain", type=int, nargs=4, default=[10, 20, 10, 10], metavar="N",
                     help="categories, years, sets and cards of the catalogue")
    ask.add_argument("--delay", type=float, default=0.1, help="seconds between two pages, of the side with a delay")
    ask.add_argument("--only", nargs="+", choices=[*card_crawls.NAMES, *OWN], default=[*card_crawls.NAMES, *OWN],
                     help="these sides alone")
    asked = ask.parse_args()
    with tempfile.TemporaryDirectory(prefix="cards-", dir=CACHE / "bench") as folder:
        place = lambda name: Path(tempfile.mkdtemp(prefix=f"{name}-", dir=folder))
        sides = card_crawls.sides(asked, place)
        sides |= {name: minding(name, lambda side=side: side(asked, folder)) for name, side in OWN.items()}
        report(alternate({name: sides[name] for name in asked.only}, asked.rounds), asked)


def run(asked, db, url, *more, command=("run",), delay=0):
    """The command that crawls into a store."""
    return [asked.callboard, command[0], "tag", *command[1:], "--allow-private", "--db", db, "--format", "json",
            "--delay", delay, "--concurrency", "32", "--set", f"url={url}", *more]


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


def paced(asked, folder, command=("run",)):
    """With a delay: how close two pages came, and how much longer it took than the delay alone."""
    with tempfile.TemporaryDirectory(dir=folder) as work, Report(asked.serve, 1, "rendered") as site:
        started = run(asked, Path(work) / "cards.db", site.url, "--set", "render=false", "--levels", "card",
                      command=command, delay=asked.delay)
        _, said = measure(started, work, besides=[site.process.pid])
        told = site.ask()
        done(said, told["served"], told["served"])
    least_s = (told["served"] - 1) * asked.delay
    return {"pages": told["served"], "least_gap_ms": told["least_gap_ms"], "span_s": told["span_s"],
            "of_allowed": least_s / told["span_s"]}


def playwright(form, asked):
    program = installed("playwright") / "bin" / "python"
    with Report(asked.serve, 1) as site:
        with urlopen(f"{site.url}/data/pop-report/Baseball/1989/Donruss?offset=0") as answer:
            rows = json.load(answer)["rows"]
        links = [site.url + cell["href"] for row in rows for cell in row[:2] if "href" in cell]
        count = asked.rendered if form == "reuse" else max(asked.rendered // 4, 8)
        command = [program, RENDER, form, asked.browser, asked.workers]
        ran = subprocess.run([str(part) for part in command], input="\n".join(links[:count]), capture_output=True, text=True)
        if ran.returncode != 0:
            raise Failed(f"error: playwright: {ran.stderr[-2000:]}")
        said = json.loads(ran.stdout.splitlines()[-1])
    return {**said, "pages_per_min": 60 * said["pages"] / said["wall_s"]}


def done(said, served, pages):
    if said["outcome"] != "completed" or served != pages:
        raise Failed(f"error: {served} of {pages} pages; it said {json.dumps(said)[:2000]}")


OWN = {
    "built": built,
    "paced": paced,
    "paced-fleet": lambda asked, folder: paced(asked, folder, ("fleet", "--num-runners", "3")),
    "rendered": rendered,
    "new": lambda asked, folder: playwright("new", asked),
    "reuse": lambda asked, folder: playwright("reuse", asked),
}


def report(results, asked):
    lines = card_crawls.report(results, median)
    failed = {name: row["failed"] for name, rows in results.items() for row in rows if "failed" in row}
    good = {name: rows for name, rows in results.items() if name not in failed}
    if "built" in good:
        rows = good["built"]
        lines += ["The population report, pages that come built; then again after a tenth of the cards has new copies.", "",
                  table(["pages", "pages / s", "peak RSS MB", "second crawl s", "pages asked again"], [[
                      rows[0]["pages"], f"{median(rows, 'pages_per_s'):.0f}", f"{median(rows, 'peak_rss_mb'):.0f}",
                      f"{median(rows, 'again_s'):.1f}", rows[0]["asked_again"]]]), ""]
    lines += paces(good, asked) + renders(good, asked)
    lines += [f"Not measured: {name}: {why}." for name, why in failed.items() if name not in card_crawls.NAMES]
    publish("cards", lines, results)


def paces(good, asked):
    names = {"paced": "one runner", "paced-fleet": "three runners"}
    rows = [[names[name], good[name][0]["pages"], f"{min(row['least_gap_ms'] for row in good[name]):.1f}",
             f"{100 * median(good[name], 'of_allowed'):.1f} %"] for name in names if name in good]
    if not rows:
        return []
    return [f"With `--delay {asked.delay}`, by the site's own log. Goals: never less between two pages, over 95 %.", "",
            table(["", "pages", "least between two, ms", "of the speed that the delay allows"], rows), ""]


def renders(good, asked):
    names = {"rendered": "callboard", "new": "Playwright, a browser for each page", "reuse": "Playwright, pages reused"}
    rates = {name: median(good[name], "pages_per_min") for name in names if name in good}
    if not rates:
        return []
    ours = rates.get("rendered")
    times = lambda rate: f"{ours / rate:.1f}x" if ours else ""
    return [table(["", "rendered pages / min", "callboard is"],
                  [[names[name], f"{rate:.0f}", times(rate)] for name, rate in rates.items()]), "",
            f"Median of {asked.rounds} rounds, {asked.workers} pages at once, one Chromium for all.", ""]


main()

"""Reading pages: extruct against callboard. Prints a table; `bench/run pages` prepares everything."""
import argparse
from datetime import date, timedelta

from harness import publish, recorded, table
from reading import HEADER, compare, rejections, row, versions_of

MODES = {
    "all": "extruct: JSON-LD, microdata, microformats",
    "schema.org": "extruct: JSON-LD, microdata",
    "json-ld": "extruct: JSON-LD alone",
}


def main():
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--rounds", type=int, default=5)
    ask.add_argument("--seconds", type=float, default=2.0, help="CPU seconds a side and round, at least")
    asked = ask.parse_args()
    files = recorded("jsonld", ".html") + recorded("microdata", ".html")
    if not files:
        return
    today = date.today()
    callboard = ["pages", today - timedelta(days=31), today + timedelta(days=366)]
    found = [compare("read_pages.py", mode, [], callboard, files, asked.rounds, asked.seconds)
             for mode in MODES]
    lines = [
        "Callboard always does all of it: finds JSON-LD, microdata and microformats, and makes typed",
        "events with places, prices and resolved times. extruct stops at dictionaries; its records are",
        "items of any type. The first line is the like for like; the goal there is 20.", "",
        table(HEADER, [row(MODES[one["mode"]], one) for one in found]), "",
        f"Median of {asked.rounds} rounds, one thread each. {versions_of(found)}.",
        *rejections(found),
    ]
    publish("pages", lines, found)


main()

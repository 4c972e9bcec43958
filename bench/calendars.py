"""Reading calendars: icalendar and recurring-ical-events against callboard. Prints a table."""
import argparse
from datetime import date, timedelta

from harness import publish, recorded, table
from reading import HEADER, compare, rejections, row, versions_of


def main():
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--rounds", type=int, default=5)
    ask.add_argument("--seconds", type=float, default=2.0, help="CPU seconds a side and round, at least")
    ask.add_argument("--today", type=date.fromisoformat, default=date.today(), metavar="YYYY-MM-DD")
    asked = ask.parse_args()
    files = recorded("ics", ".ics")
    if not files:
        return
    window = [asked.today - timedelta(days=31), asked.today + timedelta(days=366)]
    found = compare("read_calendars.py", "expand", window, ["calendars", *window], files, asked.rounds,
                    asked.seconds)
    outside = found["callboard"][0]["records"] - found["callboard"][0]["in_window"]
    line = row("icalendar + recurring-ical-events", found, "in_window")
    lines = [
        f"Parsed and expanded from {window[0]} to {window[1]}; each occurrence with uid, summary, start and",
        "end. Callboard also makes typed events with venues, organizers and stable identities, and keeps",
        f"{outside} single events outside the window. The goal is 20.", "",
        table(HEADER, [line]), "",
        f"Median of {asked.rounds} rounds, one thread each. {versions_of([found])}.",
        *rejections([found]),
    ]
    publish("calendars", lines, found)


main()

"""Ticketing: five sellers with 30,000 tickets, from empty to all reports, and again with nothing new. The way of
the replaced system, written small, beside callboard, against the same local API. Prints a table."""
import argparse
import csv
import json
import os
import tempfile
from functools import partial
from pathlib import Path

from harness import CACHE, HERE, TARGET, alternate, median, publish, table, versions
from load import PEERS, Postgres, emptied
from measure import Failed, measure
from processes import Upstream

SERVE = TARGET / "examples" / "tickets"
CALLBOARD = Path(os.environ.get("CALLBOARD_BENCH_PROGRAM") or TARGET / "callboard")
GOALS = {"first": 20, "again_s": 2.0}


def main():
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--rounds", type=int, default=2)
    ask.add_argument("--tickets", type=int, default=30_000)
    ask.add_argument("--regions", type=int, default=5)
    ask.add_argument("--pause", type=float, default=0.0, help="of the baseline before each call; 0.5 in the original")
    ask.add_argument("--only", choices=["plain", "callboard"], help="one side alone")
    asked = ask.parse_args()
    with tempfile.TemporaryDirectory(prefix="ticketing-", dir=CACHE / "bench") as folder, Postgres() as server, \
            Upstream(SERVE, asked.tickets, asked.regions) as sellers:
        place = Path(folder)
        report(alternate(sides(asked, place, server, sellers), asked.rounds), asked)


def sides(asked, place, server, sellers):
    found = {}
    if asked.only in (None, "plain"):
        found["row by row through an ORM", "PostgreSQL"] = partial(plain, asked, place, server, sellers)
    if asked.only in (None, "callboard"):
        found["callboard", "SQLite"] = partial(ours, place, None, sellers)
        found["callboard", "PostgreSQL"] = partial(ours, place, server, sellers)
    return found


def plain(asked, place, server, sellers):
    folder = emptied(place / "peer", server)
    regions = [{**region, "codes": codes(region["distributed"])} for region in sellers.known["regions"]]
    (folder / "regions.json").write_text(json.dumps(regions))
    python = PEERS / "ticketing" / "bin" / "python"
    row, told = measure([python, HERE / "peers/ticketing_plain.py", server, "regions.json", asked.pause], folder,
                        besides=[sellers.pid])
    sold = {truth["region"]: truth["totals"]["tickets"] for truth in sellers.ask("truth")}
    kept = {name: numbers["tickets"] for name, numbers in told["first"]["numbers"].items()}
    if kept != sold:
        raise Failed(f"error: the baseline kept {kept} tickets, sold are {sold}")
    return {**row, "first": told["first"]["seconds"], "again": told["again"]["seconds"], "versions": told["versions"]}


def codes(table_text):
    return [line["Code"] for line in csv.DictReader(table_text.splitlines())]


def ours(place, server, sellers):
    """The full pipeline and every report of every region, twice; each number is held against the truth."""
    folder = emptied(place / "ours", server)
    for region in sellers.known["regions"]:
        write(folder / "data_static/schemas" / f"{region['schema']}.json", json.dumps(region["capacities"]))
        write(folder / "data_static/coupons" / f"{region['schema']}-distributed.csv", region["distributed"])
    settings = {**sellers.known["settings"], "CALLBOARD_ALLOW_PRIVATE": "true"}
    row, first = turn(folder, server, settings, sellers)
    again_row, _ = turn(folder, server, settings, sellers)
    check(first, sellers.ask("truth"))
    return {**row, "first": row["wall_s"], "again": again_row["wall_s"], "versions": {}}


def turn(folder, server, settings, sellers):
    store = f"--db {server or 'callboard.db'}"
    script = folder / "turn.sh"
    script.write_text("\n".join([
        "set -e", f"{CALLBOARD} run vivenu --pipeline-name parallel {store} >&2",
        f"{CALLBOARD} report all --format json {store} > reports.json", "echo '{}'"]) + "\n")
    row, _ = measure(["bash", script], folder, besides=[sellers.pid], extra=settings)
    return row, json.loads((folder / "reports.json").read_text())


def write(file, content):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)


def check(reports, truths):
    """Sold tickets by region; the tests of callboard hold every other number against the truth."""
    for truth in truths:
        said = [report for report in reports if report["region"] == truth["region"] and report["report"] == "sales"]
        if f": {truth['totals']['athletes']}" not in json.dumps(said):
            raise Failed(f"error: {truth['region']} has sold {truth['totals']['athletes']} athletes' tickets; the report differs")


HEADER = ["", "into", "empty to all reports / s", "again, nothing new / s", "CPU s", "peak RSS MB", "others %"]


def report(results, asked):
    rows = {side: {key: median(found, key) for key in ("first", "again", "cpu_s", "peak_rss_mb", "other_cpu_pct")}
            for side, found in results.items()}
    lines = [
        f"{asked.tickets:,} tickets of {asked.regions} sellers, with their coupons, shops and events, over a local API;",
        "then the numbers of every report. The baseline does what the replaced system does, as it does it, into one",
        f"schema a region, with a pause of {asked.pause} s before each call (0.5 in the original). Callboard keeps",
        "transactions, every status and the log of changes besides, and lands every body.", "",
        *goals(rows), "",
        table(HEADER, [[*side, *(f"{row[key]:.2f}" for key in ("first", "again", "cpu_s", "peak_rss_mb", "other_cpu_pct"))]
                       for side, row in rows.items()]), "",
        f"Median of {asked.rounds} rounds. {versions(row for found in results.values() for row in found)}.",
    ]
    publish("ticketing", lines, [{"side": list(side), "rows": found} for side, found in results.items()])


def goals(rows):
    plain, mine = rows.get(("row by row through an ORM", "PostgreSQL")), rows.get(("callboard", "SQLite"))
    if not plain or not mine:
        return []
    times = plain["first"] / mine["first"]
    met = lambda good: "met" if good else "NOT met"
    return [f"- {times:.1f} times as fast from empty to all reports (goal {GOALS['first']}: {met(times >= GOALS['first'])})",
            f"- {mine['again']:.2f} s for an unchanged run (goal {GOALS['again_s']}: {met(mine['again'] < GOALS['again_s'])})"]


if __name__ == "__main__":
    main()

"""200,000 event records with their venues, merged on their key: dlt, SQL written by hand, callboard. Prints a table."""
import argparse
import json
import os
import random
import shutil
import subprocess
import tempfile
from functools import partial
from pathlib import Path

from harness import CACHE, HERE, ROOT, TARGET, alternate, median, publish, table, versions
from measure import Failed, measure

ALONE = {**os.environ, "SERVERS": "postgres"}  # of the servers of the tests, that one
PEERS = CACHE / "bench" / "peers"
GOALS = {"first": 10, "unchanged": 20}
CITIES = [("Lisbon", "PT", 38.72, -9.14), ("Ghent", "BE", 51.05, 3.72), ("Turin", "IT", 45.07, 7.69),
          ("Leeds", "GB", 53.80, -1.55), ("Osaka", "JP", 34.69, 135.50), ("Austin", "US", 30.27, -97.74)]
KINDS = ["concert", "fair", "match", "expo", "talk", "market"]


def main():
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--rounds", type=int, default=2)
    ask.add_argument("--records", type=int, default=200_000)
    ask.add_argument("--many", type=int, default=1_000_000, help="of callboard, for its memory")
    ask.add_argument("--only", choices=["dlt", "plain", "callboard"], help="one side alone")
    asked = ask.parse_args()
    with tempfile.TemporaryDirectory(prefix="load-", dir=CACHE / "bench") as folder, Postgres() as server:
        place = Path(folder)
        lines = write(place / "events.jsonl", asked.records)
        found = sides(asked, place, lines, server)
        if asked.only in (None, "callboard"):
            many = write(place / "many.jsonl", asked.many)
            found["callboard", "SQLite", asked.many] = partial(ours, place, many, "callboard.db", server, asked.many)
        report(alternate(found, asked.rounds), asked)


def write(file, count):
    """As many records, the same ones each time."""
    dice = random.Random(7)
    with open(file, "w") as out:
        for number in range(count):
            out.write(json.dumps(record(dice, number)) + "\n")
    return file


def record(dice, number):
    city, country, lat, lon = dice.choice(CITIES)
    hall, low = dice.randrange(4_000), dice.randrange(5, 90)
    day = f"{dice.randrange(2015, 2026)}-{dice.randrange(1, 13):02d}-{dice.randrange(1, 29):02d}"
    return {
        "id": f"ev-{number:07d}", "source": f"src{number % 7}", "title": f"{dice.choice(KINDS)} evening {hall}",
        "kind": dice.choice(KINDS), "starts_at": f"{day}T{dice.randrange(8, 23):02d}:30:00Z",
        "ends_at": f"{day}T23:45:00Z", "url": f"https://example.test/e/{number}", "price_min": low,
        "price_max": low + dice.randrange(200) + 0.5, "currency": dice.choice(["EUR", "USD", "GBP", "JPY"]),
        "status": dice.choice(["scheduled", "scheduled", "scheduled", "cancelled"]),
        "venue": {"id": f"v-{hall:05d}", "name": f"Hall {hall}", "city": city, "country": country,
                  "lat": round(lat + dice.random() / 10, 5), "lon": round(lon + dice.random() / 10, 5),
                  "capacity": dice.randrange(50, 60_000)},
    }


class Postgres:
    """The server that all sides write to, on a free port, with the settings that Debian gives it."""

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="load-pg-"))
        self.folder.chmod(0o755)
        subprocess.run([ROOT / "crates/testkit/servers", "start", self.folder], check=True,
                       stdout=subprocess.DEVNULL, env=ALONE)
        said = (self.folder / "env").read_text()
        return next(line.split("=", 1)[1] for line in said.splitlines() if "TEST_POSTGRES=" in line)

    def __exit__(self, *_):
        subprocess.run([ROOT / "crates/testkit/servers", "stop", self.folder], env=ALONE)
        shutil.rmtree(self.folder, ignore_errors=True)


def sides(asked, place, lines, server):
    found = {}
    add = lambda name, form, side: found.update({(name, form, asked.records): side})
    if asked.only in (None, "dlt"):
        python = PEERS / "dlt" / "bin" / "python"
        for form, how in [("PostgreSQL", ["postgres", server]), ("PostgreSQL, through CSV", ["postgres", server, "csv"]),
                          ("SQLite", ["sqlite", "events.sqlite"]), ("DuckDB, through Parquet", ["duckdb", "events.duckdb", "parquet"])]:
            add("dlt", form, partial(peer, place, [python, HERE / "peers/load_dlt.py", lines, how[0], *how[1:]], server))
    if asked.only in (None, "plain"):
        python = PEERS / "dlt" / "bin" / "python"
        for form, how in [("SQLite", ["sqlite", "plain.sqlite"]), ("PostgreSQL, COPY and upsert", ["postgres", server]),
                          ("PostgreSQL, bare COPY, same indexes", ["copy", server])]:
            add("by hand", form, partial(peer, place, [python, HERE / "peers/load_plain.py", lines, *how], server))
    if asked.only in (None, "callboard"):
        add("callboard", "SQLite", partial(ours, place, lines, "callboard.db", server, asked.records))
        add("callboard", "PostgreSQL", partial(ours, place, lines, server, server, asked.records))
    return found


def peer(place, command, server):
    row, told = measure(command, emptied(place / "peer", server))
    return {**row, **told}


def ours(place, lines, into, server, records):
    folder = emptied(place / "ours", server)
    row, told = measure([TARGET / "examples" / "bulk", lines, into], folder)
    if told["first"]["records"] != records:
        raise Failed(f"error: {told['first']['records']} records instead of {records}")
    return {**row, **told}


def emptied(folder, server):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    if server is not None:
        drop = "DROP SCHEMA IF EXISTS bench, bench_staging, callboard CASCADE"
        subprocess.run(["psql", "-q", server, "-c", drop], check=True, stderr=subprocess.DEVNULL)
    return folder


HEADER = ["", "into", "records", "first / s", "again / s", "unchanged / s", "CPU s", "peak RSS MB", "others %"]


def report(results, asked):
    rates = {side: rate(rows, side[2]) for side, rows in results.items()}
    lines = [
        "Event records with a nested venue, read from JSON lines and merged on their key. \"Again\" loads the same",
        "file once more; \"unchanged\" does so where the loader sees by the bytes that nothing is new, which of these",
        "only callboard does. Callboard keeps event and venue as rows of their own, the log of every field, an",
        "index of words, and where each row was seen; the others keep one flat table.", "",
        *goals(rates, asked.records), "",
        table(HEADER, [line(side, found) for side, found in rates.items()]), "",
        f"Median of {asked.rounds} rounds. {versions(row for rows in results.values() for row in rows)}.",
    ]
    publish("load", lines, [{"side": list(side), "rows": rows} for side, rows in results.items()])


def rate(rows, records):
    found = {key: median(rows, key) for key in ("cpu_s", "peak_rss_mb", "other_cpu_pct")}
    for turn in ("first", "again", "unchanged"):
        seconds = [row[turn]["seconds"] for row in rows if turn in row]
        found[turn] = records / sorted(seconds)[len(seconds) // 2] if seconds else None
    return found


def goals(rates, records):
    for form, peers in [("SQLite", ["SQLite"]), ("PostgreSQL", ["PostgreSQL", "PostgreSQL, through CSV"])]:
        own = rates.get(("callboard", form, records))
        theirs = [rates[side] for side in (("dlt", name, records) for name in peers) if side in rates]
        if not own or not theirs:
            continue
        first = own["first"] / max(found["first"] for found in theirs)
        again = own["unchanged"] / max(found["again"] for found in theirs)
        memory = own["peak_rss_mb"] / min(found["peak_rss_mb"] for found in theirs)
        yield (f"- Goals against dlt, {form}: first load {GOALS['first']} times, reached {first:.1f}; unchanged reload "
               f"{GOALS['unchanged']} times, reached {again:.1f}; memory a quarter, reached {memory:.2f}.")


def line(side, found):
    name, form, records = side
    speed = [f"{found[turn]:.0f}" if found[turn] else "" for turn in ("first", "again", "unchanged")]
    return [name, form, f"{records:,}", *speed, f"{found['cpu_s']:.1f}", f"{found['peak_rss_mb']:.0f}",
            f"{found['other_cpu_pct']:.0f}"]


if __name__ == "__main__":
    main()

"""What is possible: JSON lines upserted by hand, one flat table, first and again; and bare COPY.

Usage: load_plain.py FILE postgres|sqlite|copy ADDRESS. Prints one object, seconds by pass.
"""
import csv
import io
import json
import sqlite3
import sys
import time

file, destination, address = sys.argv[1:]
EVENT = ["id", "source", "title", "kind", "starts_at", "ends_at", "url", "price_min", "price_max", "currency", "status"]
VENUE = ["id", "name", "city", "country", "lat", "lon", "capacity"]
COLUMNS = EVENT + [f"venue_{name}" for name in VENUE]
CHUNK = 20_000


def kind(column):
    if column == "id":
        return "TEXT PRIMARY KEY"
    if column.startswith("price") or column in ("venue_lat", "venue_lon"):
        return "DOUBLE PRECISION"
    if column == "venue_capacity":
        return "BIGINT"
    return "TIMESTAMPTZ" if column.endswith("_at") and destination != "sqlite" else "TEXT"


TABLE = "(" + ", ".join(f"{column} {kind(column)}" for column in COLUMNS) + ")"
UPSERT = " ON CONFLICT (id) DO UPDATE SET " + ", ".join(f"{column} = excluded.{column}" for column in COLUMNS[1:])


def rows():
    with open(file) as lines:
        for line in lines:
            event = json.loads(line)
            yield [event[key] for key in EVENT] + [event["venue"][key] for key in VENUE]


def sqlite(store):
    marks = ",".join("?" * len(COLUMNS))
    with store:
        store.executemany(f"INSERT INTO events VALUES ({marks})" + UPSERT, rows())


def chunks():
    text, count = io.StringIO(), 0
    writer = csv.writer(text)
    for count, row in enumerate(rows(), 1):
        writer.writerow(row)
        if count % CHUNK == 0:
            yield text.getvalue()
            text.seek(0), text.truncate()
    yield text.getvalue()


def copy(store, into):
    with store.cursor() as cursor:
        for chunk in chunks():
            cursor.copy_expert(f"COPY {into} FROM STDIN CSV", io.StringIO(chunk))


def postgres(store):
    with store.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE staged (LIKE events) ON COMMIT DROP")
    copy(store, "staged")
    with store.cursor() as cursor:
        cursor.execute("INSERT INTO events SELECT * FROM staged" + UPSERT)
    store.commit()


def bare(store):
    """The same rows into a table with the indexes that callboard keeps on events; only the first time."""
    copy(store, "events")
    store.commit()


INDEXES = ["(source, id)", "(starts_at)", "(ends_at, starts_at)", "(title)"]

if destination == "sqlite":
    store = sqlite3.connect(address)
    store.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE events {TABLE}")
    load, passes = sqlite, ("first", "again")
else:
    import psycopg2
    store = psycopg2.connect(address)
    with store.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS events; CREATE TABLE events {TABLE}")
        for index in INDEXES if destination == "copy" else []:
            cursor.execute(f"CREATE INDEX ON events {index}")
    store.commit()
    load, passes = (bare, ("first",)) if destination == "copy" else (postgres, ("first", "again"))
told = {}
for turn in passes:
    began = time.perf_counter()
    load(store)
    told[turn] = {"seconds": time.perf_counter() - began}
print(json.dumps(told))

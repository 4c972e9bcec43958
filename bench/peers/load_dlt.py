"""Loads JSON lines with dlt, merged on the key, into PostgreSQL, SQLite or DuckDB, first and again.

Usage: load_dlt.py FILE DESTINATION ADDRESS [FORMAT]. Prints one object, seconds by pass.
"""
import json
import os
import sys
import time

file, destination, address, *form = sys.argv[1:]
os.environ.update(RUNTIME__DLTHUB_TELEMETRY="false", RUNTIME__LOG_LEVEL="ERROR", DO_NOT_TRACK="1")

import dlt  # noqa: E402, after its settings

BATCH = 5_000


@dlt.resource(name="events", primary_key="id", write_disposition="merge")
def events():
    batch = []
    with open(file) as lines:
        for line in lines:
            batch.append(json.loads(line))
            if len(batch) == BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


def target():
    if destination == "postgres":
        # It wants a password, whether the server does or not.
        return dlt.destinations.postgres(address.replace("@", ":none@", 1))
    if destination == "duckdb":
        return dlt.destinations.duckdb(address)
    # Without a key, its merge into SQLite takes quadratic time.
    return dlt.destinations.sqlalchemy(f"sqlite:///{address}", create_primary_keys=True)


pipeline = dlt.pipeline("bench", destination=target(), dataset_name="bench", pipelines_dir="pipelines")
told = {"versions": {"dlt": dlt.__version__}}
for turn in ("first", "again"):
    began = time.perf_counter()
    pipeline.run(events(), loader_file_format=form[0] if form else None)
    told[turn] = {"seconds": time.perf_counter() - began}
    with pipeline.sql_client() as client:
        told[turn]["records"] = client.execute_sql("SELECT count(*) FROM events")[0][0]
print(json.dumps(told))

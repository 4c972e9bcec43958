"""Times a reader: repeats it over documents held in memory until enough CPU time is used.

The Rust side (crates/connect/examples/read.rs) counts in the same way, so that the two compare.
"""
import json
import sys
import time
from importlib.metadata import version
from pathlib import Path


def main(readers, packages):
    """Runs `MODE SECONDS ARGUMENT... -- FILE...`; prints one JSON line.

    A reader takes bytes and the arguments, and returns how many records it found. The first pass is
    not timed; files that a reader rejects in it are left out and named. 0 seconds: only that pass.
    """
    mode, seconds, *rest = sys.argv[1:]
    split = rest.index("--")
    read, arguments, files = readers[mode], rest[:split], rest[split + 1:]
    accepted, rejected = survey(read, arguments, files)
    passes, records, cpu, wall = repeat(read, arguments, list(accepted.values()), float(seconds))
    print(json.dumps({
        "documents": passes * len(accepted), "records": records, "cpu_s": cpu, "wall_s": wall,
        "passes": passes, "accepted": list(accepted), "rejected": rejected,
        "versions": {package: version(package) for package in packages},
    }))


def survey(read, arguments, files):
    accepted, rejected = {}, {}
    for file in files:
        body = Path(file).read_bytes()
        try:
            read(body, *arguments)
            accepted[file] = body
        except Exception as error:  # whatever a library raises on wild input is its answer
            rejected[file] = f"{type(error).__name__}: {error}"[:200]
    return accepted, rejected


def repeat(read, arguments, bodies, seconds):
    passes = records = 0
    cpu, wall = time.process_time(), time.perf_counter()
    while bodies and time.process_time() - cpu < seconds:
        records = sum(read(body, *arguments) for body in bodies)
        passes += 1
    return passes, records, time.process_time() - cpu, time.perf_counter() - wall

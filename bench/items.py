"""No-op items with durable state: Prefect, Dagster, DBOS and Restate against callboard. Prints a table."""
import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path

import ours
from fence import fenced
from harness import CACHE, alternate, median, publish, table, versions
from measure import Failed, measure
from orchestrators import fresh, minding, orchestrate, ready

PEERS = {"prefect": "Prefect", "dagster": "Dagster", "dbos": "DBOS", "restate": "Restate"}
DISK, MEMORY = "", ", files in memory"
FORMS = [
    ("prefect", "call", "one after the other", DISK),
    ("prefect", "map", "mapped, thread pool", DISK),
    ("prefect", "kept", "one after the other, results kept", DISK),
    ("dagster", "fan", "ops of one job, in-process", DISK),
    ("dagster", "fan", "ops of one job, in-process", MEMORY),
    ("dbos", "row", "one after the other", DISK),
    ("dbos", "row", "one after the other", MEMORY),
    ("dbos", "gather", "asynchronous, at once", MEMORY),
    ("restate", "row", "one after the other", DISK),
    ("restate", "all", "at once", DISK),
    ("restate", "all", "at once", MEMORY),
    ("restate", "fan", "calls of a handler", DISK),
]
OURS = "`for_each`"
GOALS = {"Prefect": 100, "Restate": 20}


def main():
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--rounds", type=int, default=2)
    ask.add_argument("--items", type=int, default=1000, help="of every side")
    ask.add_argument("--many", type=int, default=100_000, help="of callboard, besides")
    ask.add_argument("--only", choices=[*PEERS, "callboard"], help="one side alone")
    asked = ask.parse_args()
    with tempfile.TemporaryDirectory(prefix="items-", dir=CACHE / "bench") as folder, \
            tempfile.TemporaryDirectory(prefix="items-", dir=tmpfs()) as memory:
        report(alternate(sides(asked, folder, memory), asked.rounds), asked)


def tmpfs():
    """Where files cost no disk; where there is no such place, they are in the usual one, and it says so."""
    place = Path("/dev/shm")
    if not place.is_dir():
        print("no /dev/shm: the sides with files in memory are on disk", file=sys.stderr)
        return None
    return place


def sides(asked, folder, memory):
    found, first = {}, {}
    for peer, mode, form, where in FORMS:
        if asked.only not in (None, peer):
            continue
        name, place = PEERS[peer], memory if where == MEMORY else folder
        if (peer, where) not in first:
            first[peer, where] = ready(name, peer, place)
        failed = first[peer, where] if "failed" in first[peer, where] else None
        side = partial(once, failed, peer, mode, asked.items, place)
        found[name, form + where, asked.items] = minding(name, side)
    if asked.only in (None, "callboard"):
        for count in (asked.items, asked.many):
            found["callboard", OURS, count] = minding("callboard", partial(callboard, count, folder))
    return found


def once(failed, peer, mode, count, place):
    return failed or orchestrate(peer, count, mode, place)


def callboard(count, folder):
    """One round on a fresh store; every item is looked up in it afterwards."""
    place = fresh(folder)
    db = place / "callboard.db"
    row, _ = measure(fenced(ours.run(ours.items(place, count), db)), place, extra=ours.SETTINGS)
    store = ours.Store(db)
    leaves = store.leaves("each")
    if leaves != (count, count, count):
        raise Failed(f"error: items, attempts, done: {leaves} instead of {count} each")
    return {**row, "run_s": store.run_seconds(), "versions": {"callboard": ours.version()}}


HEADER = ["", "form", "items", "items / s", "with start", "run s", "wall s", "CPU s", "peak RSS MB",
          "others %"]


def report(results, asked):
    good = {side: [row for row in rows if "failed" not in row] for side, rows in results.items()}
    rates = {side: rate(rows, side[2]) for side, rows in good.items() if rows}
    own = [rates.get(("callboard", OURS, count)) for count in (asked.items, asked.many)]
    header = [*HEADER, f"ours at {asked.items:,}", f"ours at {asked.many:,}"]
    lines = [
        "Items that do nothing, each recorded durably: what the orchestrator itself costs. \"Items / s\" is of",
        "the run alone, \"with start\" from starting the process to its exit. \"Ours\" is how many times as many",
        "items a second callboard's run does.", "",
        *goals(rates, own, asked), "",
        table(header, [line(side, rates.get(side), results[side], own) for side in results]), "",
        f"Median of {asked.rounds} rounds. {versions(row for rows in good.values() for row in rows)}.",
        "README.md says what each of them makes durable, and why some have their files in memory, too.",
    ]
    publish("items", lines, [{"side": list(side), "rows": rows} for side, rows in results.items()])


KEYS = ["run_s", "wall_s", "cpu_s", "peak_rss_mb", "other_cpu_pct"]


def rate(rows, count):
    found = {key: median(rows, key) for key in KEYS}
    return {**found, "items_per_s": count / found["run_s"], "with_start": count / found["wall_s"]}


def goals(rates, own, asked):
    for name, goal in GOALS.items():
        best = max((found["items_per_s"] for side, found in rates.items() if side[0] == name), default=None)
        reached = [f"{one['items_per_s'] / best:.1f} at {count:,}" for one, count in
                   zip(own, (asked.items, asked.many)) if one and best]
        yield f"- Goal: {goal} times the best of {name}; reached: {', '.join(reached) or 'not measured'}."


def line(side, found, rows, own):
    name, form, count = side
    if not found:
        return [name, form, f"{count:,}", "not measured: " + rows[0]["failed"], *[""] * 8]
    cells = [name, form, f"{count:,}", f"{found['items_per_s']:.0f}", f"{found['with_start']:.0f}",
             f"{found['run_s']:.2f}", f"{found['wall_s']:.2f}", f"{found['cpu_s']:.2f}",
             f"{found['peak_rss_mb']:.0f}", f"{found['other_cpu_pct']:.0f}"]
    if name == "callboard":
        return [*cells, "", ""]
    return [*cells, *(f"{one['items_per_s'] / found['items_per_s']:.1f} x" if one else "" for one in own)]


main()

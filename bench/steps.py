"""A pipeline of six steps from starting the process to its exit: Prefect, Dagster, DBOS and Restate
against callboard. Prints a table."""
import argparse
import tempfile

import ours
from fence import fenced
from harness import CACHE, alternate, median, publish, table, versions
from measure import measure
from orchestrators import fresh, minding, orchestrate, ready

STEPS = 6
PEERS = {
    "prefect": ("Prefect, tasks that wait for each other", "chain"),
    "dagster": ("Dagster, in-process, SQLite", "chain"),
    "dbos": ("DBOS, SQLite", "row"),
    "restate": ("Restate, its server started for it", "row"),
}
GOAL_MS = 100


def main():
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--rounds", type=int, default=3)
    ask.add_argument("--only", choices=[*PEERS, "callboard"], help="one side alone")
    asked = ask.parse_args()
    with tempfile.TemporaryDirectory(prefix="steps-", dir=CACHE / "bench") as folder:
        report(alternate(sides(asked, folder), asked.rounds), asked)


def sides(asked, folder):
    found = {}
    for peer, (name, mode) in PEERS.items():
        if asked.only in (None, peer):
            first = ready(name, peer, folder)
            side = lambda peer=peer, mode=mode: orchestrate(peer, STEPS, mode, folder)
            found[name] = (lambda first=first: first) if "failed" in first else minding(name, side)
    if asked.only in (None, "callboard"):
        kept = fresh(folder)
        found["callboard, fresh store"] = minding("callboard", lambda: callboard(lambda: fresh(folder)))
        found["callboard, store is there"] = minding("callboard", lambda: callboard(lambda: kept))
    return found


STARTS = 10
KEYS = ["run_s", "wall_s", "cpu_s", "peak_rss_mb", "other_cpu_pct"]


def callboard(place):
    """One round is ten starts, as one is soon over; their medians."""
    rows = [started(place()) for _ in range(STARTS)]
    return {**{key: median(rows, key) for key in KEYS}, "versions": {"callboard": ours.version()},
            "slowest_s": max(row["wall_s"] for row in rows)}


def started(place):
    db = place / "callboard.db"
    row, _ = measure(fenced(ours.run(ours.six(place), db)), place, extra=ours.SETTINGS)
    return {**row, "run_s": ours.Store(db).run_seconds()}


HEADER = ["", "wall ms", "of which the run", "CPU ms", "peak RSS MB", "others %", "ours is"]


def report(results, asked):
    good = {side: [row for row in rows if "failed" not in row] for side, rows in results.items()}
    found = {side: {key: median(rows, key) for key in KEYS} for side, rows in good.items() if rows}
    own = found.get("callboard, fresh store")
    slowest = max((row["slowest_s"] for rows in good.values() for row in rows if "slowest_s" in row), default=0)
    lines = [
        "Six steps that do nothing, one after the other, from starting the process to its exit, with a record",
        f"of each. Goal: under {GOAL_MS} ms; reached: {ms(own)} ms on a store that has to be made first.", "",
        table(HEADER, [line(side, found.get(side), results[side], own) for side in results]), "",
        f"Median of {asked.rounds} rounds, of {STARTS} starts each for callboard (the slowest: "
        f"{1000 * slowest:.0f} ms). {versions(row for rows in good.values() for row in rows)}.",
    ]
    publish("steps", lines, results)


def ms(found, key="wall_s"):
    return f"{1000 * found[key]:.0f}" if found else "not measured"


def line(side, found, rows, own):
    if not found:
        return [side, "not measured: " + rows[0]["failed"], *[""] * 5]
    cells = [side, ms(found), ms(found, "run_s"), ms(found, "cpu_s"), f"{found['peak_rss_mb']:.0f}",
             f"{found['other_cpu_pct']:.0f}"]
    peer = own and not side.startswith("callboard")
    return [*cells, f"{found['wall_s'] / own['wall_s']:.1f} x as fast" if peer else ""]


main()

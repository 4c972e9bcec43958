"""A million items in one run, and several runners on one store. Prints tables."""
import argparse
import tempfile
import time
from pathlib import Path

import ours
from harness import CACHE, publish, table
from measure import Failed, measure
from processes import begin, end, wait

FAILING = 100
RSS_GOAL_MB, TENTH_GOAL, INSTANT_MS = 150, 1.2, 1000


def main():
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--items", type=int, default=1_000_000)
    ask.add_argument("--shared", type=int, default=100_000, help="items that several runners share")
    ask.add_argument("--runners", type=int, nargs="*", default=[1, 2, 4, 8])
    asked = ask.parse_args()
    with tempfile.TemporaryDirectory(prefix="million-", dir=CACHE / "bench") as folder:
        many = one_run(asked.items, Path(folder))
        shared = [share(asked.shared, runners, Path(folder) / f"shared-{runners}") for runners in asked.runners]
    publish("million", report(asked, many, shared), {"many": many, "shared": shared})


def one_run(count, folder):
    """The run, what its store says of it, and the commands on a store of that size."""
    db = folder / "callboard.db"
    row, _ = measure(ours.run(million(count, folder), db), folder, extra=ours.SETTINGS, good=(3,))
    store = ours.Store(db)
    leaves = store.leaves("many")
    if leaves != (count, count, count):
        raise Failed(f"error: items, attempts, done: {leaves} instead of {count} each")
    began = store.began("many")
    tenths = [began[count * (part + 1) // 10 - 1] - began[count * part // 10] for part in range(10)]
    run = store.one("SELECT id FROM runs")[0]
    size = sum(file.stat().st_size for file in folder.glob("callboard.db*"))
    commands = {
        "runs": ["runs"], "runs ID": ["runs", run], "dead": ["dead"], "retry ID": ["retry", run],
    }
    took = {name: timed(command, db) for name, command in commands.items()}
    if store.leaves("many") != leaves or store.leaves("odd")[1] != FAILING * (TIMES + 1):
        raise Failed("error: `retry` is to do again what failed, each time, and nothing else")
    return {**row, "run_s": store.run_seconds(), "until_first_s": store.until_first("many"),
            "tenths_ms": tenths, "db_mb": size / 1e6, "commands_ms": took}


def million(count, folder):
    """So many items that do nothing, and then some that fail, which is tolerated."""
    return ours.pipeline(folder, "million", f"""steps:
- {{name: many, function: sleep, with: {{seconds: 0}}, for_each: '{{{{ range({count}) }}}}', max_concurrency: 1000}}
- name: odd
  function: sleep
  with: {{seconds: '{{{{ 0 - 1 }}}}'}}
  for_each: '{{{{ range({FAILING}) }}}}'
  tolerated_failure_percentage: 100
  max_retries: 0
""")


TIMES = 3


def timed(command, db):
    """The median of some starts, from starting the process to its exit."""
    took = []
    for _ in range(TIMES):
        began = time.perf_counter()
        ours.ask(*command, "--db", db, good=(0, 3))
        took.append(1000 * (time.perf_counter() - began))
    return sorted(took)[TIMES // 2]


def share(count, runners, folder):
    """One process runs it and others, which are there before, help. What they did is asked of the store."""
    folder.mkdir()
    db, store = folder / "callboard.db", ours.Store(folder / "callboard.db")
    ours.run_quickly(ours.items(folder, 1, "first"), db)  # makes the store
    helpers = [helper(db, folder) for _ in range(runners - 1)]
    try:
        wait(lambda: store.one("SELECT count(*) FROM runners WHERE ended IS NULL")[0] == runners - 1,
             "the runners", 30)
        row, _ = measure(ours.run(ours.items(folder, count), db), folder, besides=[one.pid for one in helpers],
                         extra=ours.SETTINGS)
    finally:
        for process in helpers:
            end(process)
    leaves = store.leaves("each")
    # The first runner made the store.
    shares = [items for (items,) in store.all("SELECT items FROM runners ORDER BY runner LIMIT -1 OFFSET 1")]
    return {**row, "runners": runners, "run_s": store.run_seconds(), "items": leaves[0], "attempts": leaves[1],
            "done": leaves[2], "shares": shares}


def helper(db, folder):
    return begin([ours.CALLBOARD, "runner", "--db", db], folder, ours.SETTINGS)


SHARED_HEADER = ["runners", "items", "attempts", "done twice", "items / s", "speed", "shares", "CPU s",
                 "others %"]


def report(asked, many, shared):
    percent = lambda items: f"{100 * items / asked.shared:.0f}"
    share_of = lambda row: f"{percent(min(row['shares']))} to {percent(max(row['shares']))} %"
    one = next((row for row in shared if row["runners"] == 1), None)
    rows = [[row["runners"], f"{row['items']:,}", f"{row['attempts']:,}", row["attempts"] - row["items"],
             f"{row['items'] / row['run_s']:.0f}", f"{one['run_s'] / row['run_s']:.2f} x" if one else "",
             share_of(row), f"{row['cpu_s'] + row['server_cpu_s']:.1f}", f"{row['other_cpu_pct']:.0f}"]
            for row in shared]
    return [
        f"{asked.items:,} items that do nothing in one run on a store that is a file; then {FAILING} that fail, as the",
        "pipeline tolerates. Callboard alone: at the rates above, most of the others take hours.", "",
        table(["", "measured", "goal"], facts(asked, many)), "",
        "Entering the items goes on while the first ones are done, so the first tenth is no cheap one. Commands:",
        f"median of {TIMES} starts; `retry` does the {FAILING} failed items again, each time, and no other. Others:",
        f"{many['other_cpu_pct']:.0f} %.", "",
        f"{asked.shared:,} items on one store, shared by several processes on this machine. The store proves that",
        "none is done twice: attempts are counted in each item, within the transaction that leases it.", "",
        table(SHARED_HEADER, rows), "", f"callboard {ours.version()}.",
    ]


def facts(asked, many):
    goal = lambda limit, unit, value: f"under {limit:,} {unit}: {'reached' if value < limit else 'missed'}"
    tenths = [ms / 1000 for ms in many["tenths_ms"]]
    ratio = tenths[-1] / tenths[0]
    rows = [
        ["items a second", f"{asked.items / many['run_s']:.0f}", ""],
        ["seconds", f"{many['run_s']:.1f}, the first item begun after {many['until_first_s']:.1f}", ""],
        ["peak RSS", f"{many['peak_rss_mb']:.0f} MB", goal(RSS_GOAL_MB, "MB", many["peak_rss_mb"])],
        ["seconds of each tenth", " ".join(f"{tenth:.2f}" for tenth in tenths), ""],
        ["last tenth against the first", f"{ratio:.2f}",
         f"{TENTH_GOAL} at most: {'reached' if ratio <= TENTH_GOAL else 'missed'}"],
        ["size of the store", f"{many['db_mb']:.0f} MB", ""],
    ]
    return rows + [[f"`callboard {name}`", f"{took:.0f} ms", goal(INSTANT_MS, "ms", took)]
                   for name, took in many["commands_ms"].items()]


if __name__ == "__main__":
    main()

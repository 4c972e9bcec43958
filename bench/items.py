"""No-op items with durable state: Prefect, Dagster, DBOS and Restate against callboard. Prints a table."""
import argparse
import tempfile

import ours
from fence import fenced
from harness import CACHE, alternate, median, publish, table, versions
from measure import Failed, measure
from orchestrators import fresh, minding, orchestrate, ready

PEERS = {
    "prefect": ("Prefect", {"call": "one after the other", "map": "mapped, thread pool",
                            "kept": "one after the other, results kept"}),
    "dagster": ("Dagster", {"fan": "ops of one job, in-process, SQLite"}),
    "dbos": ("DBOS", {"row": "one after the other, SQLite", "gather": "asynchronous, at once, SQLite"}),
    "restate": ("Restate", {"row": "one after the other", "all": "at once", "fan": "calls of a handler"}),
}
GOALS = {"Prefect": 100, "Restate": 20}


def main():
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--rounds", type=int, default=2)
    ask.add_argument("--items", type=int, default=1000, help="of every side")
    ask.add_argument("--many", type=int, default=100_000, help="of callboard, besides")
    ask.add_argument("--only", choices=[*PEERS, "callboard"], help="one side alone")
    asked = ask.parse_args()
    with tempfile.TemporaryDirectory(prefix="items-", dir=CACHE / "bench") as folder:
        report(alternate(sides(asked, folder), asked.rounds), asked)


def sides(asked, folder):
    found = {}
    for peer, (name, modes) in PEERS.items():
        if asked.only not in (None, peer):
            continue
        first = ready(name, peer, folder)
        for mode, form in modes.items():
            round_of = lambda peer=peer, mode=mode: orchestrate(peer, asked.items, mode, folder)
            found[name, form, asked.items] = (lambda first=first: first) if "failed" in first else minding(
                name, round_of)
    if asked.only in (None, "callboard"):
        for count in (asked.items, asked.many):
            found["callboard", "`for_each`, SQLite", count] = minding(
                "callboard", lambda count=count: callboard(count, folder))
    return found


def callboard(count, folder):
    """One round on a fresh store; every item is looked up in it afterwards."""
    place = fresh(folder)
    db = place / "callboard.db"
    row, _ = measure(fenced(ours.run(ours.items(place, count), db)), place, extra=ours.SETTINGS)
    store = ours.Store(db)
    leaves = store.leaves()
    if tuple(leaves) != (count, count, count):
        raise Failed(f"error: items, attempts, done: {leaves} instead of {count} each")
    return {**row, "run_s": store.run_seconds(), "versions": {"callboard": ours.version()}}


HEADER = ["", "form", "items", "items / s", "with start", "run s", "wall s", "CPU s", "peak RSS MB", "others %",
          "ours at {:,}", "ours at {:,}"]


def report(results, asked):
    good = {side: [row for row in rows if "failed" not in row] for side, rows in results.items()}
    rates = {side: rate(rows, side[2]) for side, rows in good.items() if rows}
    own = [rates.get(("callboard", "`for_each`, SQLite", count)) for count in (asked.items, asked.many)]
    header = [cell.format(count) for cell, count in zip(HEADER, [0] * 10 + [asked.items, asked.many])]
    lines = [
        "Items that do nothing, each recorded durably: what the orchestrator itself costs. \"Items / s\" is of the",
        "run alone, \"with start\" from starting the process to its exit. \"Ours\" is how many times as many items",
        "a second callboard's run does. " + " ".join(goals(rates, own, asked)), "",
        table(header, [line(side, rates.get(side), results[side], own) for side in results]), "",
        f"Median of {asked.rounds} rounds. {versions(row for rows in good.values() for row in rows)}.",
        "What each of them makes durable is in README.md.",
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
        yield f"Goal: {goal} times the best of {name}; reached: {', '.join(reached) or 'not measured'}."


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

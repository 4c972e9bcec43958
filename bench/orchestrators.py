"""The sides of `items`, `steps` and `kill` that run steps: how each is started, in a home of its own.

A side that is not installed, or does not start, is a reason in the table, not an end of the run.
"""
import os
import sys
from pathlib import Path

from fence import fenced
from harness import CACHE, HERE, PYTHON
from measure import Failed, measure

PEERS = CACHE / "bench" / "peers"
SCRIPTS = HERE / "peers"
QUIET = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DAGSTER_DISABLE_TELEMETRY": "yes",
         # Its log lines go to its server one by one: without them it is faster.
         "PREFECT_LOGGING_LEVEL": "ERROR", "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120"}


def installed(peer):
    """The folder of a peer that is installed."""
    folder = PEERS / peer
    if not (folder / "installed").exists():
        told = folder / "failed.txt"
        reason = " ".join(told.read_text().split()) if told.exists() else "bench/run installs it"
        raise Failed(f"not installed: {reason}")
    return folder


def home(peer, folder):
    """A home for a peer in `folder`, and what its environment says of it."""
    place = Path(folder) / f"home-{peer}"
    place.mkdir(exist_ok=True)
    if peer == "dagster":
        (place / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    return place, {**QUIET, "DAGSTER_HOME": str(place), "PREFECT_HOME": str(place)}


def command(peer, count, mode, place):
    """What starts `count` no-op steps of a peer in one of its modes."""
    folder = installed(peer)
    script = SCRIPTS / f"orchestrate_{peer}.py"
    match peer:
        case "restate":
            return [PYTHON, script, count, mode, folder / "node_modules"]
        case "dbos":
            return [folder / "bin" / "python", script, count, mode, place / "state.sqlite"]
        case _:
            return [folder / "bin" / "python", script, count, mode]


def orchestrate(peer, count, mode, folder):
    """One round: a process from start to exit. A Restate server starts with it, on an empty folder."""
    place, extra = home(peer, folder)
    if peer == "restate":
        place, extra = home(peer, fresh(folder))
    row, said = measure(fenced(command(peer, count, mode, place)), place, extra=extra)
    return {**row, **said}


def fresh(folder):
    """A new folder within `folder`."""
    place = Path(folder) / f"round-{len(os.listdir(folder))}"
    place.mkdir()
    return place


def minding(name, side):
    """`side`, giving the reason where it fails."""
    def run():
        try:
            return side()
        except Failed as failed:
            reason = str(failed).strip().splitlines()[-1]
            print(f"{name}: {failed}", file=sys.stderr)
            return {"failed": reason}
    return run


def ready(name, peer, folder):
    """The first run of a peer makes its database, which is not timed; false when it does not run."""
    first = {"prefect": "call", "dagster": "fan", "dbos": "row", "restate": "row"}
    print(f"first run of {name}, not timed", file=sys.stderr)
    return minding(name, lambda: orchestrate(peer, 3, first[peer], folder))()

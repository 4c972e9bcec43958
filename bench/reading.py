"""Compares two readers of the same documents: documents per CPU second, one thread each.

Shared by pages.py and calendars.py. A reading is one peer in one mode against callboard, on the files
that the peer accepts: what it rejects is counted and left out for both.
"""
from harness import HERE, PYTHON, TARGET, alternate, median, run_json, versions

READ = TARGET / "examples" / "read"


def compare(script, mode, arguments, callboard, files, rounds, seconds):
    """One comparison; `callboard` is the mode of the Rust side and its arguments."""
    peer = [PYTHON, HERE / "peers" / script, mode]
    surveyed = run_json([*peer, 0, *arguments, "--", *files])
    accepted = surveyed["accepted"]
    sides = {
        mode: lambda: run_json([*peer, seconds, *arguments, "--", *accepted]),
        "callboard": lambda: run_json([READ, *callboard[:1], seconds, *callboard[1:], "--", *accepted]),
    }
    results = alternate(sides, rounds)
    for row in results[mode] + results["callboard"]:
        row.pop("accepted", None)
        row["rate"] = row["documents"] / row["cpu_s"]
    return {"mode": mode, "files": len(accepted), "rejected": surveyed["rejected"],
            "peer": results[mode], "callboard": results["callboard"]}


def row(label, found, counted="records"):
    """A line of the table; `counted` is what of callboard's side compares with the peer's records."""
    peer, ours = median(found["peer"], "rate"), median(found["callboard"], "rate")
    return [label, found["files"], len(found["rejected"]), found["peer"][0]["records"],
            found["callboard"][0][counted], f"{peer:.1f}", f"{ours:.1f}", f"{ours / peer:.1f}"]


HEADER = ["peer", "files", "rejected by it", "its records", "our events",
          "its documents / CPU s", "ours", "ratio"]


def versions_of(comparisons):
    return versions(side for found in comparisons for side in (found["peer"][0], found["callboard"][0]))


def rejections(comparisons):
    """Lines that name what the peer rejected, each file once."""
    rejected = {file: error for found in comparisons for file, error in found["rejected"].items()}
    names = [f"- `{file.rsplit('/', 1)[-1]}`: {error}" for file, error in sorted(rejected.items())]
    return ["", "Rejected by the Python side, left out for both:", "", *names] if names else []

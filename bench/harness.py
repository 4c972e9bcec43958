"""What the comparisons share: where things are, running a side, medians, the table, the result file."""
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "callboard"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or CACHE / "target") / "release"
PYTHON = CACHE / "bench" / "venv" / "bin" / "python"
RESULTS = CACHE / "bench" / "results"


def recorded(folder, ending):
    """Files of one recorded folder, or nothing, said loudly."""
    path = Path(os.environ.get("CALLBOARD_BENCH_DATA") or ROOT / "../shared/data") / folder
    files = sorted(str(file) for file in path.resolve().glob(f"*{ending}"))
    if not files:
        print(f"SKIPPED: no {ending} files in {path} (CALLBOARD_BENCH_DATA names the folder above it)",
              file=sys.stderr)
    return files


def run_json(command):
    """Runs `command`; its last line of stdout is JSON. stderr passes through only when it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{done.stderr}\nerror: {Path(str(command[0])).name} ended with {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


def alternate(sides, rounds):
    """Runs every side once a round, in turn; gives all results of each side by name."""
    results = {name: [] for name in sides}
    for number in range(rounds):
        for name, side in sides.items():
            print(f"round {number + 1} of {rounds}: {name}", file=sys.stderr)
            results[name].append(side())
    return results


def median(rows, key):
    return statistics.median(row[key] for row in rows)


def table(header, rows):
    """A Markdown table, which also reads well on a terminal."""
    lines = [[str(cell) for cell in line] for line in [header, *rows]]
    widths = [max(len(line[at]) for line in lines) for at in range(len(header))]
    draw = lambda line: "| " + " | ".join(map(str.ljust, line, widths)) + " |"
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([draw(lines[0]), rule, *map(draw, lines[1:])])


def machine():
    """Cores, processor and memory; nothing that names the machine."""
    names = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    cpu = names[0] if names else platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores of {cpu}, {memory:.0f} GiB, {system}"


def publish(name, lines, raw):
    """Prints the outcome and keeps it for results.py: text for RESULTS.md, every round beside it."""
    text = "\n".join(lines)
    print(text)
    RESULTS.mkdir(parents=True, exist_ok=True)
    kept = {"name": name, "command": f"bench/run {name}", "date": time.strftime("%Y-%m-%d"),
            "machine": machine(), "load": round(os.getloadavg()[0], 2), "text": text, "raw": raw}
    (RESULTS / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n")


def published(name):
    """What the last run of a comparison kept of its rounds; nothing when there was none."""
    file = RESULTS / f"{name}.json"
    return json.loads(file.read_text())["raw"] if file.exists() else {}


def versions(rows):
    """`extruct 0.18.0, lxml 6.1.3` of the versions that the sides printed."""
    found = {}
    for row in rows:
        found.update(row.get("versions", {}))
    return ", ".join(f"{package} {version}" for package, version in sorted(found.items()))

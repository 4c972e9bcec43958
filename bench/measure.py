"""Runs one program and measures it with all its children: wall time, CPU time, peak memory."""
import json
import os
import resource
import subprocess
import threading
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Failed(SystemExit):
    """A program that did not do what it was to do. Where nobody minds it, it ends the comparison."""


def environment(extra=None):
    """What programs see: nothing that would set callboard's settings, no proxy, and `extra`."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("CALLBOARD_")}
    own["NO_PROXY"] = "127.0.0.1,localhost"  # what they speak to is on this machine
    return {**own, **(extra or {})}


def measure(command, folder, besides=(), extra=None, good=(0,)):
    """Runs `command` in `folder`; gives the measures and the JSON of its last line of stdout.

    `besides` are processes that serve it: their CPU time is counted apart, and not as "other". `extra`
    goes into its environment; it may end with a code in `good`.
    """
    busy, served, used = busy_seconds(), sum(map(cpu_seconds, besides)), children_seconds()
    with open(Path(folder) / "stderr", "w+") as stderr:
        began = time.perf_counter()
        process = subprocess.Popen([str(part) for part in command], cwd=folder, env=environment(extra), text=True,
                                   stdout=subprocess.PIPE, stderr=stderr)
        sampler = Sampler(process.pid)
        out = process.communicate()[0]
        wall = time.perf_counter() - began
        peak = sampler.stop()
        if process.returncode not in good:
            stderr.seek(0)
            said = stderr.read()[-4000:] + out[-4000:]
            raise Failed(f"{said}\nerror: {command[0]} ended with {process.returncode}")
    cpu, served = children_seconds() - used, sum(map(cpu_seconds, besides)) - served
    others = max(0.0, busy_seconds() - busy - cpu - served) / (wall * os.cpu_count())
    row = {"wall_s": wall, "cpu_s": cpu, "peak_rss_mb": peak / 1e6, "server_cpu_s": served,
           "other_cpu_pct": 100 * others}
    return row, json.loads(out.strip().splitlines()[-1])


class Sampler:
    """Looks every 20 ms how much memory a process and its descendants hold; keeps the most."""

    def __init__(self, pid):
        self.pid, self.peak, self.ended = pid, 0, threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self):
        while not self.ended.wait(0.02):
            self.peak = max(self.peak, sum(map(resident_bytes, descendants(self.pid))))

    def stop(self):
        self.ended.set()
        self.thread.join()
        return self.peak


def descendants(pid):
    """`pid` and what it started, and what those started."""
    found = [pid]
    for parent in found:
        try:
            for thread in os.listdir(f"/proc/{parent}/task"):
                found += map(int, Path(f"/proc/{parent}/task/{thread}/children").read_text().split())
        except OSError:  # it has just ended
            pass
    return found


def resident_bytes(pid):
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except OSError:
        return 0


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def busy_seconds():
    """CPU time of the whole machine that was not idle."""
    user, nice, system, _, _, irq, softirq, steal = map(int, open("/proc/stat").readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS

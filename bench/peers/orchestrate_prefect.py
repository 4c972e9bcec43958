"""No-op tasks in one Prefect flow run; prints one JSON line.

usage: orchestrate_prefect.py N call|map|kept|chain

`call` one after the other, `map` handed to the thread pool at once, `kept` one after the other with
persisted results and the INPUTS cache, which is what a second run needs to go on from the first;
`chain` is a real DAG: each task waits for the one before it. The flow run starts Prefect's own server
in a process of its own, as it does for everyone who just runs a flow.
"""
import json
import sys
import time

import prefect
from prefect import flow, task
from prefect.cache_policies import INPUTS


@task
def noop(number):
    return number


@task(persist_result=True, cache_policy=INPUTS)
def kept(number, flow_of):
    return number


@flow
def call(count):
    return timed(lambda: [noop(number) for number in range(count)])


@flow
def map_(count):
    return timed(lambda: noop.map(range(count)).result())


@flow(persist_result=True)
def keep(count):
    # The second input makes each flow run a new one to the cache.
    started = time.time()
    return timed(lambda: [kept(number, started) for number in range(count)])


@flow
def chain(count):
    def steps():
        before = None
        for number in range(count):
            before = noop.submit(number, wait_for=[before] if before else None)
        before.result()
    return timed(steps)


def timed(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


count, mode = int(sys.argv[1]), sys.argv[2]
run_s = {"call": call, "map": map_, "kept": keep, "chain": chain}[mode](count)
print(json.dumps({"run_s": run_s, "versions": {"Prefect": prefect.__version__}}))

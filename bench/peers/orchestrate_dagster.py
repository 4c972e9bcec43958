"""No-op ops in one Dagster run: in-process executor, default local storage; prints one JSON line.

usage: orchestrate_dagster.py N fan|chain

`fan`: N ops that wait for nothing, its fastest form; `chain`: each waits for the one before it.
"""
import json
import sys
import time

import dagster
from dagster import DagsterInstance, In, Nothing, in_process_executor, job, op


def noop(number, waits):
    @op(name=f"step_{number}", ins={"before": In(Nothing)} if waits else {})
    def body():
        pass
    return body


count, mode = int(sys.argv[1]), sys.argv[2]
ops = [noop(number, mode == "chain" and number > 0) for number in range(count)]


@job(executor_def=in_process_executor)
def bench():
    before = None
    for body in ops:
        before = body(before=before) if mode == "chain" and before is not None else body()


with DagsterInstance.get() as instance:
    began = time.perf_counter()
    done = bench.execute_in_process(instance=instance)
    run_s = time.perf_counter() - began
assert done.success
print(json.dumps({"run_s": run_s, "versions": {"Dagster": dagster.__version__}}))

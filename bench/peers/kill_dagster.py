"""Twelve slow steps in a Dagster job, to be killed in the middle; see kill_steps.py.

Modes: `run`, `look` (the state its run is in) and `again` (re-execution from failure; where that is
refused, after marking the run failed by hand).
"""
from dagster import (DagsterInstance, In, Nothing, ReexecutionOptions, execute_job, in_process_executor, job,
                     op, reconstructable)

import kill_steps


def step(number):
    @op(name=f"step_{number}", ins={"before": In(Nothing)} if number else {})
    def body():
        kill_steps.work(number)
    return body


@job(executor_def=in_process_executor)
def twelve():
    before = None
    for body in map(step, range(kill_steps.STEPS)):
        before = body() if before is None else body(before=before)


def run():
    with DagsterInstance.get() as instance:
        execute_job(reconstructable(twelve), instance)
    return ""


def look():
    with DagsterInstance.get() as instance:
        return ", ".join(run.status.value for run in reversed(instance.get_runs()))


def again():
    with DagsterInstance.get() as instance:
        first = instance.get_runs(limit=1)[0]
        try:
            go_on(instance, first)
            return "re-execution from failure"
        except Exception:  # it says that the run has not failed
            instance.report_run_failed(first)
            go_on(instance, first)
            return "re-execution is refused; after marking the run failed by hand it goes on as a new run"


def go_on(instance, first):
    options = ReexecutionOptions.from_failure(first.run_id, instance)
    with execute_job(reconstructable(twelve), instance, reexecution_options=options) as done:
        assert done.success


if __name__ == "__main__":
    kill_steps.main(run, look, again)

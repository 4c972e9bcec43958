"""Twelve slow steps in a Prefect flow with persisted results, to be killed in the middle; see kill_steps.py.

Modes: `run`, `look` (the states its flow runs are in) and `again` (the same flow once more: the INPUTS
cache finds the results of the steps that had ended).
"""
import asyncio

from prefect import flow, task
from prefect.cache_policies import INPUTS
from prefect.client.orchestration import get_client

import kill_steps


@task(persist_result=True, cache_policy=INPUTS)
def step(number, before):
    kill_steps.work(number)
    return number


@flow(persist_result=True)
def twelve():
    before = None
    for number in range(kill_steps.STEPS):
        before = step(number, before)


def run():
    twelve()
    return ""


def look():
    async def ask():
        async with get_client() as client:
            return [run.state.name for run in await client.read_flow_runs()]
    return ", ".join(asyncio.run(ask()))


def again():
    twelve()
    return "the same flow again, as a new run, finds the persisted results"


if __name__ == "__main__":
    kill_steps.main(run, look, again)

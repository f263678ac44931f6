"""A run that is killed with SIGKILL, anywhere: no document is half-written, nothing is lost, the next run mends.

With --long there are hundreds of kills; STANDING_KILL_SEED sets the moments.
"""

import multiprocessing
import os
import random
import signal
import time
from multiprocessing.connection import Connection as Pipe

import pytest
from faults_of_runs import Disturbed, run

from standing import audit
from standing.database import connect
from standing.settings import Settings
from standing.stages import STAGES, Run, Stage

SEED = int(os.environ.get("STANDING_KILL_SEED", "1"))


def work(settings: Settings, told: Pipe) -> None:
    """A run that says which stage it begins."""

    def perform(stage: Stage, at_work: Run) -> str:
        told.send(stage.name)
        return stage.work(at_work)

    audit._process.cache_clear()  # the parent's auditor is not ours
    run(settings, perform=perform)
    told.send("ended")


def kill_in(stage: str, after: float, settings: Settings) -> None:
    """Kill a run in a process of its own so many seconds after the stage began."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    child = context.Process(target=work, args=(settings, there))
    child.start()
    while here.poll(120) and here.recv() not in (stage, "ended"):
        pass
    time.sleep(after)
    if child.pid and child.is_alive():
        os.kill(child.pid, signal.SIGKILL)
    child.join()


#: In CI, where each costs two runs.
KILLS = 4


@pytest.mark.timeout(36000)
def test_killed_run_leaves_whole_documents_and_the_next_one_mends(
    disturbed: Disturbed, request: pytest.FixtureRequest
) -> None:
    is_long = bool(request.config.getoption("--long"))
    rounds = 25 if is_long else 1
    moments = random.Random(SEED)  # noqa: S311 (moments, not secrets)
    stages = [stage.name for stage in STAGES for _ in range(rounds)] + ["publish"] * 3 * rounds
    for kill, stage in enumerate(stages if is_long else moments.sample(stages, KILLS)):
        after = moments.uniform(0, disturbed.seconds[stage])
        settings = disturbed.copy()
        kill_in(stage, after, settings)
        with connect(settings) as engine:
            print(
                f"kill {kill} of seed {SEED}: {after:.3f} s into {stage}", flush=True
            )  # shown where it fails
            disturbed.check_whole(engine)
            disturbed.check_mended(settings, engine)

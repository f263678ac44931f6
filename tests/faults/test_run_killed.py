"""A run that is killed anywhere: no document is half-written, and the next run mends the rest."""

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from datetime import datetime
from multiprocessing.connection import Connection as Pipe

import pytest
from support.clock import set_clock
from support.faults_of_runs import Disturbed, audited_run, run

from standing.database.connect import connect
from standing.run.run import Run, Stage, StageOutput
from standing.run.stages import STAGES
from standing.settings import Settings


def work(settings: Settings, now: datetime, is_audited: bool, told: Pipe) -> None:
    """A run that says which stage it begins; its clock stands at `now`."""

    def perform(stage: Stage, at_work: Run) -> StageOutput:
        told.send(stage.name)
        return stage.work(at_work)

    with pytest.MonkeyPatch.context() as monkeypatch:
        set_clock(monkeypatch, lambda: now)
        (audited_run if is_audited else run)(settings, perform)
    told.send("ended")


def kill_in(stage: str, after: float, settings: Settings, now: datetime) -> None:
    """Kill a run in a process of its own so many seconds after the stage began.

    Only where an audit is to be killed is there one: its library takes seconds to load.
    """
    context = multiprocessing.get_context("forkserver")  # from one that has loaded dbt
    context.set_forkserver_preload(["dbt.cli.main", "standing.run"])
    here, there = context.Pipe()
    child = context.Process(target=work, args=(settings, now, stage.startswith("audit"), there))
    child.start()
    there.close()
    begun = ""
    while begun not in (stage, "ended"):
        assert here.poll(600), f"the run came as far as {begun or 'nothing'}"
        begun = here.recv()
    time.sleep(after)
    if child.pid and child.is_alive():
        os.kill(child.pid, signal.SIGKILL)
    child.join()
    child.close()
    here.close()


ONE_OF_EACH_KIND = ["find the due", "build", "diff", "publish", "audit published"]
#: The kills of one database follow each other, and then one run mends.
ON_ONE_DATABASE = 6


@pytest.mark.timeout(7200)
@pytest.mark.parametrize(
    ("names", "rounds"),
    [
        pytest.param(ONE_OF_EACH_KIND, 1, id="few"),
        pytest.param([stage.name for stage in STAGES], 25, id="hundreds", marks=pytest.mark.prove),
    ],
)
def test_killed_run_leaves_whole_documents_and_the_next_one_mends(
    disturbed: Disturbed,
    names: list[str],
    rounds: int,
    seed: int,
    record_property: Callable[[str, object], None],
) -> None:
    moments = random.Random(seed)  # noqa: S311 (moments, not secrets)
    stages = names * rounds
    record_property("kills", len(stages))
    moments.shuffle(stages)
    for first in range(0, len(stages), ON_ONE_DATABASE):
        settings = disturbed.copy()
        with connect(settings) as engine:
            for kill, stage in enumerate(stages[first : first + ON_ONE_DATABASE], first):
                after = moments.uniform(0, disturbed.undisturbed.seconds[stage])
                print(f"kill {kill} of seed {seed}: {after:.3f} s into {stage}", flush=True)  # if it fails
                kill_in(stage, after, settings, disturbed.undisturbed.now)
                disturbed.check_whole(engine)
            disturbed.check_mended(settings, engine)

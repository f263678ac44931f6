"""What all flows share: a stage becomes a task, an outcome becomes a state."""

import os
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec
from zoneinfo import ZoneInfo

from prefect import State, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run
from prefect.states import Cancelled, Completed, Failed
from sqlalchemy.exc import DBAPIError

from flows.artifacts import PAGES, Progress, link, publish_artifacts
from flows.log import say_it_once
from flows.queue import SKIPPED, is_overtaken, overtaken
from standing.database.connect import connect, refused
from standing.database.lock import LockLost
from standing.errors import DatabaseUnreachable, GateStopped, StandingError
from standing.monitor.metrics import write_metrics
from standing.run.execute import execute
from standing.run.outcome import RunOutcome
from standing.run.run import Request, Run, Stage, StageOutput
from standing.settings import Settings, current

Parameters = ParamSpec("Parameters")

#: The name of the state of a run that a gate stopped; alerts listen for it.
STOPPED = "Stopped by the gate"
#: Statuses of a run that ended well and yet are not the usual end.
NAMED = {"skipped": SKIPPED, "waiting": "Waiting", "replayed": "Replayed"}
#: Seconds before the database is tried again: a restart, a failover.
CONNECT_RETRIES = [2.0, 10.0, 30.0, 60.0]


def _is_unreachable(_task: object, _run: object, state: State[None]) -> bool:
    return isinstance(state.result(raise_on_failure=False), DatabaseUnreachable)


@task(
    name="reach the database",
    task_run_name="reach the database",
    cache_policy=NO_CACHE,
    retries=len(CONNECT_RETRIES),
    retry_delay_seconds=CONNECT_RETRIES,
    retry_condition_fn=_is_unreachable,
)
def reach_database() -> State[None] | None:
    """The one task that is tried again: where nothing has begun, waiting is all it takes."""
    try:
        with connect(current()):
            return None
    except StandingError as error:
        return Failed(message=str(error), data=error)


class Stages:
    """Carries stages out as Prefect tasks of their names, and tells a progress artifact how far they are.

    No retries: the core tries a chunk again where that helps, and an audit says the same twice.
    """

    def __init__(self, progress: Progress | None = None) -> None:
        self.progress = progress

    def __call__(self, stage: Stage, run: Run) -> StageOutput:
        stopped: list[Exception] = []
        given: list[StageOutput] = []

        @task(name=stage.name, task_run_name=stage.name, cache_policy=NO_CACHE)
        def perform() -> str | State[None]:
            try:
                given.append(stage.work(run))
                return given[0].words
            except StandingError as error:  # for people, so without a traceback
                stopped.append(error)
                if isinstance(error, GateStopped):
                    return Cancelled(name=STOPPED, message=str(error))
                return Failed(message=str(error))
            except DBAPIError as error:
                stopped.append(error)
                return Failed(message=str(refused(error)))

        if self.progress is not None:
            self.progress.begin(stage.name)
        perform(return_state=True).result(raise_on_failure=not stopped)
        if stopped:
            raise stopped[0]
        return given[0]


def at_its_time(what: str) -> Callable[[], str]:
    """A flow run's name: what it does and when it was due, in the business time zone."""

    def name() -> str:
        due = flow_run.get_scheduled_start_time().astimezone(ZoneInfo(current().business_time_zone))
        return f"{what} {due:%Y-%m-%d %H:%M}"

    return name


def to_failed_state(work: Callable[Parameters, State[None]]) -> Callable[Parameters, State[None]]:
    """Foreseeable failures of a flow become its state, with reason and fix; others keep their traceback."""

    @wraps(work)
    def flow(*args: Parameters.args, **kwargs: Parameters.kwargs) -> State[None]:
        say_it_once()
        try:
            return work(*args, **kwargs)
        except StandingError as error:
            return Failed(message=str(error), data=error)
        except DBAPIError as error:
            return Failed(message=str(refused(error)))

    return flow


def carry_out(request: Request) -> State[None]:
    """Run the core once, once more if the connection was cut, and leave artifacts and metrics."""
    if is_overtaken():
        return overtaken()
    settings = current()
    reach_database()
    outcome = _attempt(settings, request)
    if outcome.error is not None and _was_cut_off(outcome.error):
        reach_database()
        outcome = _attempt(settings, request)
    return concluded(settings, outcome)


def concluded(settings: Settings, outcome: RunOutcome) -> State[None]:
    """What a run leaves for people and machines, and the flow's state."""
    publish_artifacts(outcome)
    write_metrics(settings)
    return as_state(outcome)


def _attempt(settings: Settings, request: Request) -> RunOutcome:
    with Progress(f"run of {request.selection}") as progress:
        return execute(settings, request, perform=Stages(progress))


def _was_cut_off(error: StandingError) -> bool:
    cause = error.__cause__
    lost = isinstance(cause, DBAPIError) and cause.connection_invalidated
    return isinstance(error, (LockLost, DatabaseUnreachable)) or lost


def as_state(outcome: RunOutcome) -> State[None]:
    """The flow run's state, by the name of its end or failed with reason and fix; its data is the error."""
    if outcome.status == "stopped":
        where = f"on this page: the deployments approve and reject, with run_id {outcome.run_id}"
        message = f"{outcome.error or outcome.message}\n  {where}{_report(outcome)}"
        return Cancelled(name=STOPPED, message=message, data=outcome.error)
    if outcome.status in NAMED:
        return Completed(name=NAMED[outcome.status], message=outcome.message)
    if outcome.error is not None:
        return Failed(message=f"{outcome.error}{_report(outcome)}", data=outcome.error)
    return Completed(message=outcome.message)


def _report(outcome: RunOutcome) -> str:
    """Where the run's report is, for a message that is read elsewhere: on our pages, and its file."""
    if outcome.report is None:
        return ""
    page = [link(outcome.report)] if os.environ.get(PAGES) else []
    return "".join(f"\n  report: {place}" for place in (*page, outcome.report))

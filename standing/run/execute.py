"""A run: plan, build, diff, gate, publish and report, with audits beside. The one core behind both doors.

`execute` takes the stages in order; the command line and the Prefect flow differ only in the `perform`
they give it.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from standing.audit import auditor
from standing.build.checkout import read_checkout
from standing.build.dbt import connection_name
from standing.contract.targets import AnyTarget, targets_of
from standing.database.clock import past_moment, wall_clock
from standing.database.connect import connect, server_message
from standing.database.lock import LockTaken, RunLock, end_leftovers, run_lock
from standing.database.session_settings import fix_of
from standing.errors import GateStopped, StandingError
from standing.findings.carried import Looked, with_earlier
from standing.findings.freshness import freshness
from standing.gate.waiting import undecided
from standing.interruption import interrupted
from standing.log import logger
from standing.report.audits import Audit, Look, lacking
from standing.run.outcome import INTERRUPTED, RunOutcome, break_off, conclude, crashed
from standing.run.quality import audited
from standing.run.run import Request, Run, Stage, StageOutput, StageResult
from standing.run.stages import STAGES
from standing.run.stop import stopped_by, with_causes
from standing.settings import Settings
from standing.state.erasure import tidy
from standing.state.rights import REPLAY, RUN
from standing.state.run_index import write_run_index
from standing.state.runs import close_run, decisions, enter_skipped, last_published_as_of, open_run
from standing.state.upgraded import require_upgraded
from standing.text import plain

#: How a stage is carried out; the flow makes a Prefect task of it.
Perform = Callable[[Stage, Run], StageOutput]


def run_directly(stage: Stage, run: Run) -> StageOutput:
    return stage.work(run)


def execute(settings: Settings, request: Request, perform: Perform = run_directly) -> RunOutcome:
    """Run the selection from the sources to the report.

    Gives the outcome of every run that began, failed ones too, and of one that was skipped because another
    held the lock. Raises StandingError where no run could begin: no connection, not upgraded, a wrong
    selection or moment.
    """
    targets_of(request.selection)
    with ExitStack() as stack:
        engine = stack.enter_context(connect(settings))
        with engine.connect() as connection:
            require_upgraded(connection, settings, RUN, *([REPLAY] if request.as_of else []))
        try:
            lock = stack.enter_context(
                run_lock(engine, settings.lock_wait_minutes, settings.database_url_direct)
            )
        except LockTaken as error:
            return skipped(engine, settings, request, error)
        return execute_locked(engine, settings, lock, request, perform)


def skipped(engine: Engine, settings: Settings, request: Request, taken: LockTaken) -> RunOutcome:
    """Enter a run whose turn did not come; its members stay due."""
    as_of = _moment(engine, request)
    run_id = enter_skipped(engine, request.selection, as_of, taken.message)
    write_run_index(engine, settings, run_id)
    return RunOutcome(run_id, "skipped", taken.message, as_of=as_of, error=taken)


def execute_locked(
    engine: Engine, settings: Settings, lock: RunLock, request: Request, perform: Perform = run_directly
) -> RunOutcome:
    """As `execute`, on an upgraded database whose lock the caller holds."""
    targets = targets_of(request.selection)
    as_of = _moment(engine, request)
    waits_for = _awaited(engine, targets) if request.as_of is None else {}
    if len(waits_for) == len(targets):
        return _wait(engine, settings, request, as_of, min(waits_for.values()))
    targets = tuple(target for target in targets if target.name not in waits_for)
    if request.as_of is not None:
        settings = settings.model_copy(update={"build_schema": settings.replay_schema})
    end_leftovers(engine, connection_name(settings))
    run = Run(
        settings=settings,
        engine=engine,
        request=request,
        targets=targets,
        run_id=open_run(engine, request.selection, as_of),
        as_of=as_of,
        started_at=datetime.now(UTC),
        lock=lock,
        auditor=auditor(settings, engine.url, targets, is_first=_is_first(engine, request)),
        waits_for=waits_for,
        checkout=read_checkout(),
    )
    if run.checkout and run.checkout.edited:
        logger(run.run_id, "checkout").warning(run.checkout.words)
    return carry_out(run, STAGES, perform)


def _is_first(engine: Engine, request: Request) -> bool:
    """Whether the run is going to publish, and no run has before."""
    return request.as_of is None and last_published_as_of(engine) is None


def _awaited(engine: Engine, targets: tuple[AnyTarget, ...]) -> dict[str, int]:
    """Of the targets those that wait, each for the decision on a stopped run."""
    with engine.begin() as connection:
        waiting = undecided(connection)
    return {target.name: waiting[target.name] for target in targets if target.name in waiting}


def _wait(
    engine: Engine, settings: Settings, request: Request, as_of: datetime, stopped: int
) -> RunOutcome:
    """Enter a run that builds nothing, because a stopped one awaits its decision; its members stay due.

    It looks at the sources as a run of nobody does: data that come late do not wait.
    """
    seen = auditor(settings, engine.url, targets_of(request.selection)).watch()
    run_id = open_run(engine, request.selection, as_of)
    look = Look(run_id, datetime.now(UTC))
    with engine.connect() as connection:
        audits = with_earlier(connection, Looked(look, whole=False), [Audit.from_json(seen.to_json())])
        newest = [plain(asdict(one)) for one in freshness(connection, settings)]
    unmet = [one for audit in audits for one in audit.unmet]
    first = f"run {stopped} was stopped by the gate and awaits a decision"
    message = "\n".join(("; ".join((first, *lacking(unmet))) + ":", *decisions(stopped)))
    summary = {"waits_for": stopped, "freshness": newest, **audited(look, audits)}
    close_run(engine, run_id, "waiting", message, summary)
    tidy(engine, settings, run_id, everybody=True)
    write_run_index(engine, settings, run_id)
    return RunOutcome(run_id, "waiting", message, as_of=as_of)


def carry_out(run: Run, stages: Iterable[Stage], perform: Perform = run_directly) -> RunOutcome:
    """Take an open run through its stages, report on it and close it."""
    try:
        return conclude(run, _error_of(run, stages, perform))
    except BaseException as crash:
        break_off(run, crashed(crash))
        raise
    finally:
        run.auditor.end()


def _error_of(run: Run, stages: Iterable[Stage], perform: Perform) -> StandingError | None:
    """Take the run through its stages; what stopped it, if anything did."""
    try:
        for stage in stages:
            if not stage.is_left_out_by(run):
                _perform_stage(run, stage, perform)
    except StandingError as stopped:
        return with_causes(run, stopped)
    return stopped_by(run, run.gate) if run.held else None  # the others are published


def _perform_stage(run: Run, stage: Stage, perform: Perform) -> None:
    log = logger(run.run_id, stage.name)
    log.info("begins")
    began = time.monotonic()
    status, detail = "failed", ""
    try:
        with run.engine.begin() as connection:
            run.lock.require(connection)
        part = perform(stage, run)
        run.parts.append(part)
        status, detail = "done", part.words
    except StandingError as error:
        detail = error.message
        status = "stopped" if isinstance(error, GateStopped) else status
        raise
    except DBAPIError as error:
        detail = server_message(error)
        if interrupted():
            detail = INTERRUPTED
            raise KeyboardInterrupt from error
        fix = fix_of(detail, f"{run.command}, once the server is well")
        raise StandingError(f"{stage.name}: {detail}", fix) from error
    except BaseException as crash:
        detail = crashed(crash)
        raise
    finally:
        seconds = round(time.monotonic() - began, 3)
        run.stages.append(StageResult(stage.name, seconds, status, detail))
        log.info("%s in %.1f s: %s", status, seconds, detail)


def _moment(engine: Engine, request: Request) -> datetime:
    """The run's moment; published runs never go back in time."""
    if request.as_of is not None:
        return past_moment(engine, request.as_of)
    now = wall_clock(engine)
    last = last_published_as_of(engine)
    if last and last > now:
        raise StandingError(
            f"the server's clock says {now.isoformat(' ', 'seconds')}, before the last run's"
            f" {last.isoformat(' ', 'seconds')}",
            "set the server's clock right",
        )
    return now

"""What people decide about a stopped run: its change set is published, or forgotten."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import Engine, text

from standing.audit import auditor, load_ahead
from standing.database.connect import connect
from standing.database.lock import RunLock, run_lock
from standing.decisions.confirmation import confirm_build
from standing.errors import StandingError
from standing.gate import change_sets
from standing.gate.waiting import expire
from standing.publish.destination import WrittenFrom
from standing.publish.writer import write_decided
from standing.report.causes import Cause
from standing.run.execute import Perform, carry_out, run_directly
from standing.run.outcome import RunOutcome
from standing.run.run import Changes, Request, Run, Stage, Written
from standing.run.stages import AUDIT_PUBLISHED
from standing.settings import Settings
from standing.state import policies
from standing.state.history import written_by
from standing.state.rights import RUN
from standing.state.run_index import write_run_index
from standing.state.runs import LOOKED_FOR_THE_DUE, find_run, go_on_with, mark, open_run
from standing.state.upgraded import require_upgraded


@dataclass(frozen=True)
class Approval(RunOutcome):
    """The run that published a change set. `left` is target → documents that had changed since the stop."""

    approves: int = 0
    left: dict[str, int] = field(default_factory=dict)
    named: dict[str, tuple[str, ...]] = field(default_factory=dict)  # keys of some of them


def approve(settings: Settings, run_id: int, perform: Perform = run_directly) -> Approval:
    """Publish the change set of a stopped run, as a run of its own with the last audit and a report.

    A document is written where the column holds exactly what it held at the stop; the others are counted,
    left as they are and stay due. What stops it once it has begun is the outcome's error, and approving
    again goes on with that run. Approving again what was approved says so. Raises StandingError where there
    is nothing to approve, LockTaken while another run is at work.
    """
    with _deciding(settings) as (engine, lock):
        entry = _find(engine, run_id)
        by = _begun(engine, entry)
        if entry["status"] == "approved" and by is None:
            number = entry["summary"]["approved_by"]
            message = f"run {run_id} was approved before, as run {number}"
            if _find(engine, number)["status"] == "undone":
                message += ", and that run was undone: standing resume, then standing run, builds anew"
            return Approval(number, "published", message, approves=run_id)
        if by is None:
            _require_stopped(entry, "approve")
        return _publish(engine, settings, lock, entry, by, perform)


def reject(settings: Settings, run_id: int, reason: str = "") -> str:
    """Forget the change set of a stopped run; its members stay due. Gives one line for people.

    Rejecting again changes nothing, and says so.
    """
    with _deciding(settings) as (engine, _):
        entry = _find(engine, run_id)
        if entry["status"] == "rejected":
            before = (entry["summary"] or {}).get("reason")
            given = f" ({before})" if before else ""
            return f"run {run_id} was rejected before{given}; nothing is changed"
        _require_stopped(entry, "reject")
        with engine.begin() as connection:
            change_sets.drop(connection, run_id)
            message = f"rejected: {reason}" if reason else "rejected"
            mark(connection, run_id, "rejected", f"{message}; {entry['message']}", reason=reason)
        write_run_index(engine, settings, run_id)
        after = "the next run builds anew and stops again unless the cause is mended"
        return f"run {run_id} is rejected; {after}"


@contextmanager
def _deciding(settings: Settings) -> Iterator[tuple[Engine, RunLock]]:
    with connect(settings) as engine:
        with engine.connect() as connection:
            require_upgraded(connection, settings, RUN)
        with run_lock(engine, settings.lock_wait_minutes, settings.database_url_direct) as lock:
            with engine.begin() as connection:
                expire(connection)
            yield engine, lock


def _find(engine: Engine, run_id: int) -> dict[str, Any]:
    with engine.connect() as connection:
        return find_run(connection, run_id)


def _require_stopped(entry: dict[str, Any], verb: str) -> None:
    status, run_id = entry["status"], entry["run_id"]
    if status == "stopped":
        return
    by = (entry["summary"] or {}).get("approved_by")
    fixes = {
        "published": f"standing undo {run_id} takes it back",
        "approved": f"standing undo {by} takes it back",
        "waiting": "standing status shows the stopped run that it waited for",
    }
    raise StandingError(
        f"there is nothing to {verb}: run {run_id} is {status}",
        fixes.get(status, "standing run builds anew and asks again if the limits are passed"),
    )


def _begun(engine: Engine, entry: dict[str, Any]) -> int | None:
    """The run by which its approval was begun, if that one broke off; one that was undone is over."""
    by = (entry["summary"] or {}).get("approved_by")
    if by is None or entry["status"] not in ("stopped", "approved"):
        return None
    return by if _find(engine, by)["status"] in ("running", "failed") else None


def _open(engine: Engine, entry: dict[str, Any], by: int | None) -> int:
    """Enter the approval as running and give its number: a new one, or that which was begun."""
    if by is not None:
        go_on_with(engine, by)
        return by
    run_id = open_run(engine, entry["selection"], entry["as_of"])
    with engine.begin() as connection:
        mark(connection, entry["run_id"], "stopped", entry["message"], approved_by=run_id)
    return run_id


def _publish(
    engine: Engine,
    settings: Settings,
    lock: RunLock,
    entry: dict[str, Any],
    by: int | None,
    perform: Perform,
) -> Approval:
    stopped, selection = entry["run_id"], entry["selection"]
    with engine.connect() as connection:
        targets = change_sets.held_by(connection, stopped)
    is_latest = _nothing_drained_since(engine, stopped, by)
    run = Run(
        settings=settings,
        engine=engine,
        request=Request(selection),
        targets=targets,
        run_id=_open(engine, entry, by),
        as_of=entry["as_of"],
        started_at=datetime.now(UTC),
        lock=lock,
        auditor=auditor(settings, engine.url, targets),
        approves=stopped,
        approved_causes=tuple(Cause(**one) for one in (entry["summary"] or {}).get("causes", ())),
    )
    load_ahead()
    write = partial(_write, entry=entry, is_latest=is_latest)
    outcome = carry_out(run, (Stage("publish", write, writes=True), AUDIT_PUBLISHED), perform)
    return Approval(**vars(outcome), approves=stopped, left=run.written.left, named=run.written.named)


def _write(run: Run, entry: dict[str, Any], is_latest: bool) -> Written:
    """Publish what the stopped run of this entry left, and end its wait."""
    engine, settings, targets, stopped = run.engine, run.settings, run.targets, entry["run_id"]
    run.parts.append(Changes(tuple(change_sets.count(engine, settings, targets, stopped, run.run_id))))
    with engine.begin() as connection:
        policies.note_same(connection, run.run_id, stopped)
    parameters = {"run_id": run.run_id, "of": stopped, "is_latest": is_latest}
    source = WrittenFrom("change_set", run.command, parameters, "standing.change_sets")
    tallies = write_decided(engine, run.lock, settings, targets, source)
    if is_latest:
        confirm_build(engine, run.lock, settings, targets, (stopped, run.run_id))
    with engine.begin() as connection:
        written = written_by(connection, run.run_id, targets)
        if entry["status"] == "stopped":
            message = f"approved as run {run.run_id}; {entry['message']}"
            mark(connection, stopped, "approved", message, approved_by=run.run_id)
        change_sets.drop(connection, stopped)
    left = {name: tally for name, tally in tallies.items() if tally.left}
    return Written(
        written,
        {name: tally.left for name, tally in left.items()},
        {name: tally.named for name, tally in left.items()},
    )


def _nothing_drained_since(engine: Engine, run_id: int, by: int | None) -> bool:
    """Whether the stopped run is still the last one that looked for the due, the approval aside."""
    with engine.connect() as connection:
        return bool(
            connection.scalar(
                text(
                    "select not exists (select from standing.runs where run_id > :run_id"
                    f" and run_id is distinct from :by and {LOOKED_FOR_THE_DUE})"
                ),
                {"run_id": run_id, "by": by},
            )
        )

"""Taking a run back: its documents where they still are what it wrote, and holding those members."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, text

from standing.contract.targets import TARGETS, PostingTarget
from standing.database.connect import connect
from standing.database.lock import RunLock, run_lock
from standing.database.owners import create_table, driver, require_ours
from standing.errors import StandingError
from standing.gate import change_sets
from standing.publish.destination import WrittenFrom
from standing.publish.writer import Tally, write_decided
from standing.run.amounts import split
from standing.settings import Settings
from standing.sql import quoted
from standing.state.rights import RUN
from standing.state.run_index import write_run_index
from standing.state.runs import find_run, mark
from standing.state.upgraded import require_upgraded
from standing.text import amounts

#: Of postings: a later run has posted to the member, and that was not taken back. Last in, first out.
FOLLOWED = """exists (
    select from standing.history as later
    where later.target = any(:ledgers) and later.target = written.target
        and later.member_id = written.member_id and later.run_id > written.run_id
        and not later.old_document ? 'undone_at'
)"""


@dataclass(frozen=True)
class Undone:
    """What an undo did: what is put back by target, and what that had changed since.

    `forgets` says that what the gate held of the run is forgotten.
    """

    run_id: int
    restored: dict[str, int]
    changed_since: dict[str, int]
    named: dict[str, tuple[str, ...]]
    forgets: bool = False

    @property
    def message(self) -> str:
        number, left = sum(self.restored.values()), sum(self.changed_since.values())
        held = " and held" if number else ""
        message = f"run {self.run_id} undone: {amounts(*split(self.restored)) or 'nothing'} put back{held}"
        if self.forgets:
            message += "; what the gate held of it is forgotten, and its members stay due"
        return f"{message}; not put back, because changed since: {left:,}" if left else message


def undo(settings: Settings, run_id: int, reason: str = "") -> Undone:
    """Put back what was before the run, where it still is what the run wrote.

    Those members are held: later runs neither build nor write them until `resume`. `reason` is kept with
    the run, for `standing status`. Works on a failed run that had published, too; begun again after a
    failure it goes on. Of a run that the gate stopped in part it takes back what was published, and forgets
    what is held, if nobody has decided on it. Raises StandingError where there is nothing to
    undo, and LockTaken while a run is at work.
    """
    with connect(settings) as engine:
        with engine.connect() as connection:
            require_upgraded(connection, settings, RUN)
            require_ours(driver(connection), (settings.build_schema,), dropped=())
        with run_lock(engine, settings.lock_wait_minutes, settings.database_url_direct) as lock:
            entry = _find(engine, settings, run_id)
            try:
                tallies = _put_back(engine, settings, lock, run_id)
            finally:
                _drop_copy(engine, settings)
            undone = Undone(
                run_id,
                restored={name: tally.written for name, tally in tallies.items()},
                changed_since={name: tally.left for name, tally in tallies.items() if tally.left},
                named={name: tally.named for name, tally in tallies.items() if tally.left},
                forgets=entry["status"] == "stopped",
            )
            with engine.begin() as connection:
                message = f"{undone.message} ({reason})" if reason else undone.message
                if undone.forgets:
                    change_sets.drop(connection, run_id)
                mark(connection, run_id, "undone", f"{message}; {entry['message']}", reason=reason)
            write_run_index(engine, settings, run_id)
            return undone


def resume(settings: Settings, run_id: int | None = None) -> int:
    """Let runs write the members again that the undo of `run_id`, or any undo, holds; gives how many.

    They are due still. Raises StandingError if that run is not undone.
    """
    with connect(settings) as engine:
        with engine.begin() as connection:
            number = _resume(connection, settings, run_id)
        write_run_index(engine, settings, run_id or 0)
        return number


def _resume(connection: Connection, settings: Settings, run_id: int | None) -> int:
    require_upgraded(connection, settings, RUN)
    if run_id is not None:
        status = find_run(connection, run_id)["status"]
        if status != "undone":
            raise StandingError(
                f"run {run_id} is {status}, not undone", "standing resume lets every held member go on"
            )
    freed = connection.scalars(
        text(
            "delete from standing.holds where run_id = :run_id or cast(:run_id as bigint) is null"
            " returning run_id"
        ),
        {"run_id": run_id},
    ).all()
    connection.execute(
        text(
            "update standing.runs set summary = coalesce(summary, '{}')"
            " || jsonb_build_object('resumed_at', clock_timestamp()) where run_id = any(:runs)"
        ),
        {"runs": list(set(freed))},
    )
    return len(freed)


def _find(engine: Engine, settings: Settings, run_id: int) -> dict[str, Any]:
    """The run, if there is something to undo."""
    more = (
        ", (started_at at time zone 'UTC')::date < (now() at time zone 'UTC')::date - :days as is_old,"
        " exists (select from standing.history where history.run_id = runs.run_id"
        " and history.published_at >= runs.started_at) as has_history"
    )
    with engine.connect() as connection:
        entry = find_run(connection, run_id, more, days=settings.history_days)
    if entry["status"] == "undone":
        raise StandingError(
            f"run {run_id} is undone already", f"standing resume {run_id} lets the next run write again"
        )
    if entry["status"] == "approved" and not entry["has_history"]:
        by = entry["summary"]["approved_by"]
        raise StandingError(f"run {run_id} was published as run {by}", f"standing undo {by}")
    if (
        not entry["has_history"]
        and entry["status"] == "stopped"
        and (by := (entry["summary"] or {}).get("approved_by"))
    ):
        raise StandingError(f"run {run_id} was published in part as run {by}", f"standing undo {by}")
    if entry["is_old"]:
        raise StandingError(
            f"run {run_id} is older than the {settings.history_days} days of history that are kept",
            "standing backup and the server's own backups reach further back;"
            " STANDING_HISTORY_DAYS keeps more",
        )
    if not entry["has_history"]:
        raise StandingError(
            f"there is nothing to undo: run {run_id} is {entry['status']} and wrote nothing",
            "standing status shows the last runs",
        )
    return entry


def _copy_name(settings: Settings) -> str:
    return quoted(settings.build_schema, "undo_documents")


def _drop_copy(engine: Engine, settings: Settings) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"drop table if exists {_copy_name(settings)}"))


def _copy(connection: Connection, settings: Settings, run_id: int) -> None:
    """The run's part of the history, by member: the history itself is kept by day alone."""
    name = _copy_name(settings)
    connection.execute(text(f"drop table if exists {name}"))
    ledgers = [target.name for target in TARGETS if isinstance(target, PostingTarget)]
    followed = FOLLOWED if ledgers else "false"
    written = (
        f"select run_id, target, member_id, old_document, new_hash, {followed} as is_followed"
        " from standing.history as written where run_id = :run_id and published_at >="
        " (select started_at from standing.runs where run_id = :run_id)"
    )
    parameters: dict[str, Any] = {"run_id": run_id, **({"ledgers": ledgers} if ledgers else {})}
    create_table(connection, name, f"as {written}", **parameters)
    connection.execute(text(f"create index on {name} (member_id)"))
    connection.execute(text(f"analyze {name}"))


def _put_back(engine: Engine, settings: Settings, lock: RunLock, run_id: int) -> dict[str, Tally]:
    with engine.begin() as connection:
        _copy(connection, settings, run_id)
        names = connection.scalars(text(f"select distinct target from {_copy_name(settings)}")).all()
    parameters = {"run_id": run_id, "of": run_id}
    source = WrittenFrom("history", f"standing undo {run_id}", parameters, _copy_name(settings))
    targets = tuple(target for target in TARGETS if target.name in names)
    return write_decided(engine, lock, settings, targets, source)

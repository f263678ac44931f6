"""Publishing: set-based, chunk by chunk, only what changed. Documents never pass through Python.

`find_changes` compares each mart with the application's column and keeps the keys that differ;
`publish_changes` writes them. All targets on one table are written in one UPDATE.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from tenacity import (
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

from standing.errors import StandingError
from standing.lock import RunLock
from standing.publish_sql import ChangeTable
from standing.settings import Settings
from standing.targets import Target

#: Deadlock, serialisation failure, lock timeout: the application was first, and later works.
PASSING = {"40P01", "40001", "55P03"}
LOCK_TIMEOUT = "2s"
STATEMENT_TIMEOUT = "120s"


@dataclass(frozen=True)
class TargetChanges:
    """Counts of one target's documents: `changed` in content, or merely `due` for their review."""

    target: str
    candidates: int
    changed: int
    due: int

    @property
    def unchanged(self) -> int:
        return self.candidates - self.changed - self.due


def by_table(targets: tuple[Target, ...]) -> Iterator[tuple[Target, ...]]:
    """The targets grouped by the table they are written to, in order."""
    for table in dict.fromkeys(target.table for target in targets):
        yield tuple(target for target in targets if target.table == table)


def find_changes(
    engine: Engine, settings: Settings, targets: tuple[Target, ...], as_of: datetime
) -> list[TargetChanges]:
    """Compare marts with columns; leaves one table of changed keys per application table."""
    found = []
    for group in by_table(targets):
        changes = ChangeTable(settings, group)
        with engine.begin() as connection:
            connection.execute(text(changes.drop()))
            connection.execute(text(changes.create()), {"as_of": as_of, "chunk": settings.publish_chunk})
            connection.execute(text(changes.index()))
            connection.execute(text(changes.analyze()))
            for target in group:
                row = connection.execute(text(changes.count(target))).one()
                found.append(TargetChanges(target.name, row.candidates, row.changed, row.due))
    return found


def publish_changes(
    engine: Engine, settings: Settings, targets: tuple[Target, ...], lock: RunLock, run_id: int
) -> dict[str, int]:
    """Write the changed documents; the old ones go to the history. Gives documents written per target.

    Each chunk is a transaction of its own, tried again when the application was in the way. Raises
    LockLost when another run may have begun, StandingError when a chunk could not be written.
    """
    written = {target.name: 0 for target in targets}
    _prepare_history(engine)
    for group in by_table(targets):
        changes = ChangeTable(settings, group)
        with engine.connect() as connection:
            last = connection.scalar(text(changes.last_chunk()))
        for chunk in range(1, (last or 0) + 1):
            for name, number in _publish_chunk(engine, changes, lock, run_id, chunk).items():
                written[name] += number
    return written


def _publish_chunk(
    engine: Engine, changes: ChangeTable, lock: RunLock, run_id: int, chunk: int
) -> dict[str, int]:
    attempts = Retrying(
        retry=retry_if_exception(_is_passing),
        wait=wait_random_exponential(multiplier=0.05, max=5),
        stop=stop_after_attempt(8),
        reraise=True,
    )

    def write() -> dict[str, int]:
        with engine.begin() as connection:
            _limit_waiting(connection)
            lock.require(connection)
            result = connection.execute(text(changes.publish()), {"run_id": run_id, "chunk": chunk})
            return {row.target: row.written for row in result}

    try:
        return attempts(write)
    except OperationalError as error:
        raise StandingError(
            f"chunk {chunk} of {changes.table} could not be written: {str(error.orig).splitlines()[0]}",
            "standing run (what is written already is not written again)",
        ) from None


def _is_passing(error: BaseException) -> bool:
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in PASSING


def _limit_waiting(connection: Connection) -> None:
    connection.execute(text(f"set local lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"set local statement_timeout = '{STATEMENT_TIMEOUT}'"))


def _prepare_history(engine: Engine) -> None:
    """The history's partitions for today and tomorrow (UTC): a run may pass midnight."""
    with engine.begin() as connection:
        days = connection.scalars(
            text(
                "select to_char(now() at time zone 'UTC' + n * interval '1 day', 'YYYYMMDD') from generate_series(0, 1) as n"
            )
        ).all()
        for day in days:
            connection.execute(
                text(
                    f"create table if not exists standing.history_{day} partition of standing.history"
                    f" for values from ('{day} 00:00+00') to (date '{day}' + 1)"
                )
            )

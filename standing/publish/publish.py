"""Publishing: set-based, chunk by chunk, only what changed. Documents never pass through Python.

`find_changes` compares each mart with the application's column and keeps the keys that differ;
`publish_changes` writes them. All targets on one table are written in one UPDATE.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, text

from standing.contract.targets import Target
from standing.database.chunks import write_chunk
from standing.database.lock import RunLock
from standing.incremental.acknowledge import acknowledge
from standing.incremental.plan import Plan
from standing.log import log_progress
from standing.publish.statement import ChangeTable
from standing.settings import Settings
from standing.state.history import open_partitions


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

    Each chunk is a transaction of its own, tried again when the application was in the way; as many are
    written side by side as there are threads. Raises LockLost when another run may have begun,
    StandingError when a chunk could not be written: those under way end, and no other begins.
    """
    written = {target.name: 0 for target in targets}
    open_partitions(engine)
    tables = [ChangeTable(settings, group) for group in by_table(targets)]
    with engine.connect() as connection:
        numbers = [connection.scalar(text(changes.last_chunk())) or 0 for changes in tables]
    on_progress = log_progress(run_id, "publish", "chunks")
    with ThreadPoolExecutor(settings.threads, "publish") as pool:
        chunks = [
            pool.submit(_publish_chunk, engine, changes, lock, run_id, chunk)
            for changes, last in zip(tables, numbers, strict=True)
            for chunk in range(1, last + 1)
        ]
        try:
            for ended, chunk in enumerate(as_completed(chunks), start=1):
                for name, number in chunk.result().items():
                    written[name] += number
                on_progress(ended, len(chunks))
        finally:
            pool.shutdown(cancel_futures=True)
    return written


def confirm_changes(
    engine: Engine, settings: Settings, targets: tuple[Target, ...], lock: RunLock, run_id: int, plan: Plan
) -> None:
    """After all chunks: what was built and stays as it is, is confirmed, and nobody of this run is due any more."""

    def confirm(connection: Connection) -> None:
        connection.execute(text("set local statement_timeout = 0"))
        for group in by_table(targets):
            changes = ChangeTable(settings, group)
            for target in group:
                connection.execute(text(changes.confirm(target)), {"run_id": run_id})
        acknowledge(connection, settings, targets, run_id, plan)

    write_chunk(engine, lock, "the members that are no longer due", "standing run", confirm)


def _publish_chunk(
    engine: Engine, changes: ChangeTable, lock: RunLock, run_id: int, chunk: int
) -> dict[str, int]:
    def write(connection: Connection) -> dict[str, int]:
        result = connection.execute(text(changes.publish()), {"run_id": run_id, "chunk": chunk})
        return {row.target: row.written for row in result}

    return write_chunk(
        engine,
        lock,
        f"chunk {chunk} of {changes.table}",
        "standing run (what is written already is not written again)",
        write,
    )

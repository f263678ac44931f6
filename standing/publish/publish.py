"""Publishing: set-based, chunk by chunk, only what changed. Documents never pass through Python.

`find_changes` compares each mart with the application's column and keeps the keys that differ;
`publish_changes` writes them. All targets on one table are written in one UPDATE.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Engine, text

from standing.contract.changes import counted
from standing.contract.targets import Target
from standing.database.chunks import write_chunk
from standing.database.lock import RunLock
from standing.incremental.acknowledge import Published, acknowledge
from standing.log import log_progress
from standing.publish.statement import ChangeTable
from standing.publish.writer import Source, by_table, put_in_chunks, write
from standing.settings import Settings


@dataclass(frozen=True)
class TargetChanges:
    """Counts of one target's documents: `changed` in content, or merely `due` for their review.

    `unfit` ones cannot be written: the column that they share with the application holds no JSON object.
    `by_class` says of the changed ones how they differ (standing/publish/change_classes.py).
    """

    target: str
    candidates: int
    changed: int
    due: int
    unfit: int = 0
    by_class: Mapping[str, int] = field(default_factory=dict)

    @property
    def unchanged(self) -> int:
        return self.candidates - self.changed - self.due - self.unfit

    @property
    def words(self) -> str:
        how = f" ({counted(self.by_class)})" if self.changed else ""
        words = f"{self.target}: {self.changed:,} of {self.candidates:,} changed{how}"
        words += f", {self.due:,} due for review"
        unfit = f", {self.unfit:,} not written: their column holds no JSON object"
        return words + (unfit if self.unfit else "")


def find_changes(
    engine: Engine, settings: Settings, targets: tuple[Target, ...], as_of: datetime
) -> list[TargetChanges]:
    """Compare marts with columns; leaves one table of changed keys per application table."""
    compared = []
    for group in by_table(targets):
        table = ChangeTable(settings, group)
        with engine.begin() as connection:
            parameters = {"as_of": as_of, "chunk": settings.publish_chunk}
            put_in_chunks(connection, table.name, table.statement("compare"), parameters)
            for target in group:
                counts = connection.execute(text(table.statement("count", target=target))).one()
                compared.append(TargetChanges(target.name, **counts._mapping))
    return compared


def publish_changes(
    engine: Engine, settings: Settings, targets: tuple[Target, ...], lock: RunLock, run_id: int
) -> dict[str, int]:
    """Write the changed documents; the old ones go to the history. Gives documents written per target.

    Raises as `write` does.
    """
    tables = [ChangeTable(settings, group) for group in by_table(targets)]
    source = Source(
        "build", "standing run (what is written already is not written again)", {"run_id": run_id}
    )
    tallies = write(engine, lock, tables, source, log_progress(run_id, "publish", "chunks"))
    return {name: tally.written for name, tally in tallies.items()}


def confirm_changes(
    engine: Engine, settings: Settings, targets: tuple[Target, ...], lock: RunLock, published: Published
) -> None:
    """After all chunks: confirm what was built and stays as it is; nobody of this build is due any more."""

    def confirm(connection: Connection) -> None:
        connection.execute(text("set local statement_timeout = 0"))
        confirm_in(connection, settings, targets, published)

    write_chunk(engine, lock, "the members that are no longer due", "standing run", confirm)


def confirm_in(
    connection: Connection, settings: Settings, targets: tuple[Target, ...], published: Published
) -> None:
    """As `confirm_changes`, in the caller's transaction."""
    for group in by_table(targets):
        table = ChangeTable(settings, group)
        for target in group:
            confirmed = table.statement("confirm", target=target)
            connection.execute(text(confirmed), {"run_id": published.run_id})
    acknowledge(connection, settings, targets, published)

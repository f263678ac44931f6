"""Publishing: set-based, chunk by chunk, only what changed. Documents and points never pass through Python.

`find_changes` compares each mart with what is published and keeps the members who differ; `publish_changes`
writes them. All documents of one table are written in one UPDATE.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Engine, text

from standing.contract.changes import counted
from standing.contract.targets import AnyTarget
from standing.database.chunks import write_chunk
from standing.database.lock import RunLock
from standing.incremental.acknowledge import Published, acknowledge
from standing.log import log_progress, logger
from standing.publish.destination import WrittenFrom
from standing.publish.destinations import destinations
from standing.publish.writer import put_in_chunks, write
from standing.settings import Settings
from standing.text import plural

#: What becomes of points in a run, in the order in which it is told.
MOVED = ("issued", "taken", "expired")


@dataclass(frozen=True)
class TargetChanges:
    """Counts of one target's members: `changed` in content, or merely `due` for their review.

    `unfit` ones cannot be written, and `why_unfit` says why. `by_class` says of the changed ones how they
    differ (standing/contract/changes.py). Of members whose points it posts, `points` are how many are
    issued, taken and expired; of documents there are none.
    """

    target: str
    candidates: int
    changed: int
    due: int
    unfit: int = 0
    by_class: Mapping[str, int] = field(default_factory=dict)
    why_unfit: str = ""
    points: Mapping[str, int] | None = None

    @property
    def unchanged(self) -> int:
        return self.candidates - self.changed - self.due - self.unfit

    @property
    def points_moved(self) -> str:
        """How many points are posted; empty where an approval posts what was decided."""
        return ", ".join(f"{self.points[name]:,} {name}" for name in MOVED) if self.points else ""

    @property
    def words(self) -> str:
        how = f" ({counted(self.by_class)})" if self.changed else ""
        words = f"{self.target}: {self.changed:,} of {self.candidates:,} changed{how}"
        if self.points is None:
            words += f", {self.due:,} due for review"
        elif self.points:
            words += f", {self.points_moved}"
        unfit = f", {self.unfit:,} not written: {self.why_unfit}"
        return words + (unfit if self.unfit else "")


def find_changes(
    engine: Engine, settings: Settings, targets: tuple[AnyTarget, ...], as_of: datetime
) -> list[TargetChanges]:
    """Compare marts with what is published; leaves one table of those who differ per destination."""
    compared = []
    for place in destinations(settings, targets):
        with engine.begin() as connection:
            place.begin(connection)
            parameters = {"as_of": as_of, "chunk": settings.publish_chunk}
            put_in_chunks(connection, place.name, place.statement("compare"), parameters)
            for target in place.targets:
                counts = connection.execute(text(place.statement("count", target=target))).one()
                why_unfit = place.unfit if counts.unfit else ""
                compared.append(TargetChanges(target.name, why_unfit=why_unfit, **counts._mapping))
    return compared


def publish_changes(
    engine: Engine, settings: Settings, targets: tuple[AnyTarget, ...], lock: RunLock, run_id: int
) -> dict[str, int]:
    """Write what changed; the history keeps how to take it back. Gives members written per target.

    Raises as `write` does.
    """
    source = WrittenFrom(
        "build", "standing run (what is written already is not written again)", {"run_id": run_id}
    )
    places = destinations(settings, targets)
    tallies = write(engine, lock, places, source, log_progress(run_id, "publish", "chunks"))
    for place in places:
        for target in place.targets:
            if place.stay_due(target) and (left := tallies[target.name].left):
                said = "%s: %s left alone and due still: %s"
                members = plural(left, target.members.unit.removesuffix("s"))
                logger(run_id, "publish").warning(said, target.name, members, place.unfit)
    return {name: tally.written for name, tally in tallies.items()}


def confirm_changes(
    engine: Engine, settings: Settings, targets: tuple[AnyTarget, ...], lock: RunLock, published: Published
) -> None:
    """After all chunks: confirm what was built and stays as it is; nobody of this build is due any more."""

    def confirm(connection: Connection) -> None:
        connection.execute(text("set local statement_timeout = 0"))
        confirm_in(connection, settings, targets, published)

    write_chunk(engine, lock, "the members that are no longer due", "standing run", confirm)


def confirm_in(
    connection: Connection, settings: Settings, targets: tuple[AnyTarget, ...], published: Published
) -> None:
    """As `confirm_changes`, in the caller's transaction."""
    stay_due = {}
    for place in destinations(settings, targets):
        for target in place.targets:
            confirmed = place.statement("confirm", target=target)
            connection.execute(text(confirmed), {"run_id": published.run_id})
            stay_due[target.name] = place.stay_due(target)
    acknowledge(connection, settings, targets, published, stay_due)

"""The one writer: documents to a table's rows, postings to a ledger, chunk by chunk.

Publishing, approving a change set and undoing a run differ in where what is written comes from, and in the
condition on which each is written. Nothing of it passes through Python.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, text

from standing.contract.targets import AnyTarget
from standing.database.chunks import write_chunk
from standing.database.lock import RunLock
from standing.database.owners import create_table, driver, require_ours
from standing.publish.destination import NAMED, Destination, WrittenFrom
from standing.publish.destinations import destinations
from standing.settings import Settings


@dataclass
class Tally:
    """What became of the members of one target; `named` are the keys of some that were left."""

    written: int = 0
    left: int = 0
    named: tuple[str, ...] = ()

    def add(self, row: Row[Any]) -> None:
        self.written += row.written
        self.left += row.left_alone
        self.named = tuple(sorted((*self.named, *row.named))[:NAMED])


def put_in_chunks(connection: Connection, name: str, query: str, parameters: Mapping[str, Any]) -> None:
    """Leave a table of the query's rows: keys to write, numbered by `chunk`."""
    connection.execute(text(f"drop table if exists {name}"))
    create_table(connection, name, f"as {query}", **parameters)
    connection.execute(text(f"create index on {name} (chunk)"))
    connection.execute(text(f"analyze {name}"))


def write(
    engine: Engine,
    lock: RunLock,
    places: Sequence[Destination],
    source: WrittenFrom,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, Tally]:
    """Write what has been put in chunks; gives target → tally.

    Each chunk is a transaction of its own, tried again when the application was in the way; as many are
    written side by side as there are threads. Raises LockLost when another run may have begun,
    StandingError when a chunk could not be written: those under way end, and no other begins.
    """
    tallies = {target.name: Tally() for place in places for target in place.targets}
    names = [place.chunks(source.kind) for place in places]
    with engine.connect() as connection:
        numbers = [connection.scalar(text(f"select max(chunk) from {name}")) or 0 for name in names]
    threads = max((place.settings.threads for place in places), default=1)
    with ThreadPoolExecutor(threads, "publish") as pool:
        chunks = []
        for place, last in zip(places, numbers, strict=True):
            write_one = _chunk_writer(engine, lock, place, source)
            chunks += [pool.submit(write_one, chunk) for chunk in range(1, last + 1)]
        try:
            for ended, chunk in enumerate(as_completed(chunks), start=1):
                for row in chunk.result():
                    tallies[row.target].add(row)
                if on_progress:
                    on_progress(ended, len(chunks))
        finally:
            pool.shutdown(cancel_futures=True)
    return tallies


def write_decided(
    engine: Engine, lock: RunLock, settings: Settings, targets: tuple[AnyTarget, ...], source: WrittenFrom
) -> dict[str, Tally]:
    """As `write`, for what people decide: whoever is in `source.rows` is put in chunks first."""
    places = destinations(settings, targets)
    with engine.connect() as connection:
        require_ours(driver(connection), (settings.build_schema,), dropped=())
    parameters = {**source.parameters, "chunk": settings.publish_chunk}
    try:
        with engine.begin() as connection:
            for place in places:
                members = place.statement("decided", rows=source.rows)
                put_in_chunks(connection, place.chunks(source.kind), members, parameters)
        return write(engine, lock, places, source)
    finally:
        with engine.begin() as connection:
            for place in places:
                connection.execute(text(f"drop table if exists {place.chunks(source.kind)}"))


def _chunk_writer(
    engine: Engine, lock: RunLock, place: Destination, source: WrittenFrom
) -> Callable[[int], Sequence[Row[Any]]]:
    *before, last = (text(statement) for statement in place.writing(source))

    def write_one(chunk: int) -> Sequence[Row[Any]]:
        parameters = {**source.parameters, "chunk": chunk}

        def work(connection: Connection) -> Sequence[Row[Any]]:
            place.begin(connection)
            for statement in before:
                connection.execute(statement, parameters)
            return connection.execute(last, parameters).all()

        return write_chunk(engine, lock, f"chunk {chunk} of {place.table}", source.fix, work)

    return write_one

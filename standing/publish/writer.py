"""The one writer of documents: a table's rows, chunk by chunk, each chunk one statement (write.sql.j2).

Publishing, approving a change set and undoing a run differ in where the documents come from, and in the
condition on which each is written. Documents never pass through Python.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Row, text

from standing.contract.targets import Target
from standing.database.chunks import write_chunk
from standing.database.lock import RunLock
from standing.database.owners import create_table, driver, require_ours
from standing.publish.statement import ChangeTable
from standing.settings import Settings

#: Members who were not written, named for people; the others are counted.
NAMED = 5


@dataclass(frozen=True)
class Source:
    """Where the documents come from; `kind` is one of those that write.sql.j2 tells apart.

    `parameters` are those of its statement. A build has its documents in the marts; those of a decision are
    in `rows`, a relation with run_id, target, member_id and what the kind needs, of the run `of`. `fix` is
    the command that goes on after a failure.
    """

    kind: Literal["build", "change_set", "history"]
    fix: str
    parameters: Mapping[str, Any]
    rows: str = ""


@dataclass
class Tally:
    """What became of the documents of one target; `named` are the keys of some that were left."""

    written: int = 0
    left: int = 0
    named: tuple[str, ...] = ()

    def add(self, row: Row[Any]) -> None:
        self.written += row.written
        self.left += row.left_alone
        self.named = tuple(sorted((*self.named, *row.named))[:NAMED])


def by_table(targets: tuple[Target, ...]) -> Iterator[tuple[Target, ...]]:
    """The targets grouped by the table they are written to, in order."""
    for table in dict.fromkeys(target.table for target in targets):
        yield tuple(target for target in targets if target.table == table)


def put_in_chunks(connection: Connection, name: str, query: str, parameters: Mapping[str, Any]) -> None:
    """Leave a table of the query's rows: keys to write, numbered by `chunk`."""
    connection.execute(text(f"drop table if exists {name}"))
    create_table(connection, name, f"as {query}", **parameters)
    connection.execute(text(f"create index on {name} (chunk)"))
    connection.execute(text(f"analyze {name}"))


def write(
    engine: Engine,
    lock: RunLock,
    tables: Sequence[ChangeTable],
    source: Source,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, Tally]:
    """Write what has been put in chunks; gives target → tally.

    Each chunk is a transaction of its own, tried again when the application was in the way; as many are
    written side by side as there are threads. Raises LockLost when another run may have begun,
    StandingError when a chunk could not be written: those under way end, and no other begins.
    """
    tallies = {target.name: Tally() for table in tables for target in table.targets}
    names = [table.chunks(source.kind) for table in tables]
    with engine.connect() as connection:
        numbers = [connection.scalar(text(f"select max(chunk) from {name}")) or 0 for name in names]
    threads = max((table.settings.threads for table in tables), default=1)
    with ThreadPoolExecutor(threads, "publish") as pool:
        chunks = []
        for table, last in zip(tables, numbers, strict=True):
            write_one = _chunk_writer(engine, lock, table, source)
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
    engine: Engine, lock: RunLock, settings: Settings, targets: tuple[Target, ...], source: Source
) -> dict[str, Tally]:
    """As `write`, for what people decide: whoever is in `source.rows` is put in chunks first."""
    tables = [ChangeTable(settings, group) for group in by_table(targets)]
    with engine.connect() as connection:
        require_ours(driver(connection), (settings.build_schema,), dropped=())
    parameters = {**source.parameters, "chunk": settings.publish_chunk}
    try:
        with engine.begin() as connection:
            for table in tables:
                members = table.statement("decided", rows=source.rows)
                put_in_chunks(connection, table.chunks(source.kind), members, parameters)
        return write(engine, lock, tables, source)
    finally:
        with engine.begin() as connection:
            for table in tables:
                connection.execute(text(f"drop table if exists {table.chunks(source.kind)}"))


def _chunk_writer(
    engine: Engine, lock: RunLock, table: ChangeTable, source: Source
) -> Callable[[int], Sequence[Row[Any]]]:
    names = {
        "source": source.kind,
        "rows": source.rows,
        "chunks": table.chunks(source.kind),
        "named": NAMED,
    }
    statement = text(table.statement("write", **names))

    def write_one(chunk: int) -> Sequence[Row[Any]]:
        def work(connection: Connection) -> Sequence[Row[Any]]:
            return connection.execute(statement, {**source.parameters, "chunk": chunk}).all()

        return write_chunk(engine, lock, f"chunk {chunk} of {table.table}", source.fix, work)

    return write_one

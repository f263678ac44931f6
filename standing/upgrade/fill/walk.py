"""A walk over a table in short batches by key, resumable, and the same however often it runs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from psycopg import errors

from standing.database.catalog import rows
from standing.database.connect import STANDING_SCHEMA
from standing.sql import literal, quoted
from standing.upgrade.session import PASSING, Session

PROGRESS = quoted(STANDING_SCHEMA, "upgrade_progress")

#: A member may be deleted between our reading the key and our writing a row that refers to it.
BATCH_PASSING = (*PASSING, errors.ForeignKeyViolation)

#: Called after each step and batch: the step's name, members done and about how many in all (0 and 0: a
#: single step).
OnProgress = Callable[[str, int, int], None]


def silent(name: str, done: int, total: int) -> None:
    """Progress that nobody follows."""


@dataclass(frozen=True)
class Walk:
    """One walk over a table by its key.

    `pending` is a condition on the row `t` for what is not filled yet; `statements` change the
    rows whose ids are the array that stands for `:ids`.
    """

    name: str
    table: str
    pending: str
    statements: tuple[str, ...]
    batch: int


def run_walk(session: Session, schema: str, walk: Walk, on_progress: OnProgress) -> int:
    """Walk the table by key from where the last walk stopped; gives the number of members walked.

    Then goes once more through what is pending behind the walk: rows the application inserted meanwhile.
    """
    progress = rows(
        session.connection,
        f"select after_key, members, finished_at from {PROGRESS} where step = %(step)s",
        step=walk.name,
    )
    if progress and progress[0]["finished_at"]:
        return 0
    after, members = (progress[0]["after_key"], progress[0]["members"]) if progress else (None, 0)
    total = _estimate(session, schema, walk.table)
    while True:
        batch = partial(_batch, session, schema, walk, after, members)
        after, seen = session.retry(walk.name, batch, BATCH_PASSING)
        if not seen:
            break
        members += seen
        on_progress(walk.name, members, max(total, members))
    catch_up(session, schema, walk, silent)
    session.connection.execute(
        f"update {PROGRESS} set finished_at = clock_timestamp() where step = %s".encode(), [walk.name]
    )
    return int(members)


def catch_up(session: Session, schema: str, walk: Walk, on_progress: OnProgress) -> int:
    """One pass over what is pending, wherever it is; gives the number of members."""
    after: str | None = None
    members = 0
    while True:
        batch = partial(_pending_batch, session, schema, walk, after)
        after, seen = session.retry(walk.name, batch, BATCH_PASSING)
        if not seen:
            return members
        members += seen
        on_progress(walk.name, members, members)


def _pending_batch(session: Session, schema: str, walk: Walk, after: str | None) -> tuple[str | None, int]:
    with session.transaction():
        ids = _next_keys(session, schema, walk, after, walk.pending)
        _write(session, walk, ids)
    return (ids[-1] if ids else after), len(ids)


def _batch(
    session: Session, schema: str, walk: Walk, after: str | None, members: int
) -> tuple[str | None, int]:
    """One transaction: the next keys, their statements, and how far the walk is."""
    with session.transaction():
        ids = _next_keys(session, schema, walk, after)
        _write(session, walk, ids)
        session.connection.execute(
            f"""
            insert into {PROGRESS} (step, after_key, members) values (%(step)s, %(after)s, %(members)s)
            on conflict (step) do update set after_key = excluded.after_key, members = excluded.members
            """.encode(),
            {"step": walk.name, "after": ids[-1] if ids else after, "members": members + len(ids)},
        )
    return (ids[-1] if ids else after), len(ids)


def _next_keys(
    session: Session, schema: str, walk: Walk, after: str | None, condition: str = ""
) -> list[str]:
    conditions = [f"t.id > {literal(after)}"] if after else []
    conditions += [condition] if condition else []
    where = f"where {' and '.join(conditions)}" if conditions else ""
    table = quoted(schema, walk.table)
    statement = f"select t.id::text as id from {table} as t {where} order by t.id limit {walk.batch}"
    return [row["id"] for row in rows(session.connection, statement)]


def _write(session: Session, walk: Walk, ids: list[str]) -> None:
    if ids:
        # Every statement looks rows up by key; tables that are filling have no statistics to say so.
        session.connection.execute("set local enable_seqscan = off")
        listed = literal("{" + ",".join(ids) + "}") + "::uuid[]"
        for statement in walk.statements:
            session.connection.execute(statement.replace(":ids", listed).encode())


def _estimate(session: Session, schema: str, table: str) -> int:
    """About how many rows the table has, from its statistics; 0 where it has none."""
    estimate: list[dict[str, Any]] = rows(
        session.connection,
        "select greatest(reltuples, 0)::bigint as n from pg_class where oid = to_regclass(%(name)s)",
        name=quoted(schema, table),
    )
    return int(estimate[0]["n"]) if estimate else 0

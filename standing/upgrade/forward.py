"""Standing's own tables brought to the layout of this version.

The server says how a table should be: this version's are made beside it as temporary ones. A table that
differs is made anew, in one transaction, with the rows that it had.
"""

from collections.abc import Iterator
from typing import Any

from psycopg import Connection

from standing import __version__
from standing.build.checkout import read_checkout
from standing.database.catalog import rows
from standing.database.connect import STANDING_SCHEMA
from standing.sql import literal, quoted, render
from standing.state.schema import DIGEST, LAYOUT, NAMES, SCHEMA, STATEMENTS, TABLES
from standing.state.upgraded import LATEST, VERSIONS, newer
from standing.upgrade.steps import Step

#: Names that earlier versions gave to tables of ours.
RENAMED = {
    "backfill": "upgrade_progress",
    "backfilled": "past_documents",
    "backfilled_moments": "past_moments",
}
#: Column → type, whether required, identity, default (layout.sql.j2).
Columns = dict[str, list[Any]]


def _stamp() -> str:
    """Notes which code has upgraded the database: its version, and its commit where it is a clone."""
    checkout = read_checkout()
    code = f"{__version__} ({checkout.commit})" if checkout else __version__
    return (
        f"insert into {VERSIONS} (layout, digest, code)"
        f" values ({LAYOUT}, {literal(DIGEST)}, {literal(code)})"
    )


def plan_own_schema() -> list[Step]:
    """One step; the schema itself is there by then, for the version table."""
    return [Step("Standing's own tables", (*STATEMENTS, _stamp()))]


def require_not_newer(connection: Connection[Any]) -> None:
    """Raise NotUpgraded where newer code has upgraded the database."""
    found = _latest(connection)
    if found and found["layout"] > LAYOUT:
        raise newer(found["code"], found["layout"])


def is_current(connection: Connection[Any]) -> bool:
    found = _latest(connection)
    return bool(found) and found["digest"] == DIGEST


def plan_forward(connection: Connection[Any]) -> list[Step]:
    """What brings the tables of another version forward; nothing where they are this one's."""
    if is_current(connection):
        return []
    with connection.transaction(force_rollback=True):
        there = _layouts(connection, f"to_regnamespace({literal(SCHEMA)})")
        for statement in TABLES:
            connection.execute(statement.replace(f"{SCHEMA}.", "pg_temp.").encode())
        wanted = _layouts(connection, "pg_my_temp_schema()")
    renamed = {old: new for old, new in RENAMED.items() if old in there and new not in there}
    there |= {new: there[old] for old, new in renamed.items()}
    steps = [
        Step(
            f"{STANDING_SCHEMA}.{new} under this name",
            (f"alter table {quoted(STANDING_SCHEMA, old)} rename to {quoted(new)}",),
            tables=(quoted(STANDING_SCHEMA, old),),
        )
        for old, new in renamed.items()
    ]
    steps += [
        Step(
            f"{STANDING_SCHEMA}.{table} as this version has it",
            tuple(_anew(table, there[table]["columns"], wanted[table]["columns"])),
            tables=(quoted(STANDING_SCHEMA, table),),
        )
        for table in NAMES
        if table in there and there[table] != wanted[table]
    ]
    return [*steps, *plan_own_schema()]


def _latest(connection: Connection[Any]) -> dict[str, Any]:
    if not rows(connection, f"select 1 where to_regclass({literal(VERSIONS)}) is not null"):
        return {}
    found = rows(connection, LATEST)
    return found[0] if found else {}


def _layouts(connection: Connection[Any], namespace: str) -> dict[str, dict[str, Any]]:
    found = rows(connection, render("upgrade/layout.sql.j2", namespace=namespace))
    return {row["table"]: row for row in found}


def _anew(table: str, there: Columns, wanted: Columns) -> Iterator[str]:
    """The statements that make a table anew with its rows; a new column gets its default, or nothing."""
    name, rows_there = quoted(STANDING_SCHEMA, table), quoted(f"{table}_there")
    yield f"create temporary table {rows_there} on commit drop as select * from {name}"
    yield f"drop table {name} cascade"  # views of builds, which the next run makes anew
    yield from (statement for statement in TABLES if f"{SCHEMA}.{table} " in statement)
    both = {column: declared[0] for column, declared in wanted.items() if column in there}
    columns = ", ".join(quoted(column) for column in both)
    values = ", ".join(f"{quoted(column)}::{type_}" for column, type_ in both.items())
    yield f"insert into {name} ({columns}) overriding system value select {values} from {rows_there}"
    for column in (column for column, declared in wanted.items() if declared[2]):
        sequence = f"pg_get_serial_sequence({literal(name)}, {literal(column)})"
        yield f"select setval({sequence}, coalesce(max({quoted(column)}), 0) + 1, false) from {name}"

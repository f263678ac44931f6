"""The check of `standing preflight` on how much wider rows become, which matters where rows are sent."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from standing.contract.additions import ADDITIONS
from standing.contract.declare import Addition
from standing.contract.targets import DOCUMENTS
from standing.database.catalog import Catalog, rows
from standing.sql import literal, quoted, render
from standing.upgrade.checks.server import Check

#: pg_notify takes a payload that is shorter.
PAYLOAD = 8000
#: Rows that are measured.
SAMPLE = 1000


@dataclass(frozen=True)
class Width:
    """Bytes of the longest row as JSON: now, when the upgrade is done, and after a run."""

    table: str
    now: int
    upgraded: int
    after_run: int

    def __str__(self) -> str:
        return (
            f"the longest of {self.table} has {self.now:,} bytes as JSON, {self.upgraded:,} after the"
            f" upgrade and about {self.after_run:,} after a run"
        )


def widths(connection: Connection[Any], catalog: Catalog) -> Iterator[Check]:
    """How wide rows of the tables become that get columns, and the triggers that send them by pg_notify."""
    found = {
        addition.table: _width(connection, catalog, addition)
        for addition in ADDITIONS
        if catalog.has(addition.table)
    }
    yield Check(
        "row width",
        "note",
        "; ".join(str(found[table]) for table in ("users", "seller_profiles") if table in found),
    )
    statement = render("upgrade/checks/notifying.sql.j2")
    triggers = rows(connection, statement, schema=quoted(catalog.schema), tables=list(found))
    for trigger in triggers:
        width, name = found[trigger["table"]], f"{trigger['table']}.{trigger['name']}"
        fix = "have it send the row's key alone: the payload of pg_notify is shorter than 8,000 bytes"
        if not trigger["sends_row"]:
            yield Check(
                "row width", "note", f"trigger {name} calls pg_notify; see that it sends no whole row", fix
            )
        elif width.after_run < PAYLOAD:
            yield Check("row width", "warning", f"trigger {name} sends a row by pg_notify: {width}", fix)
        else:
            message = f"trigger {name} sends a row by pg_notify, and its statement would fail: {width}"
            yield Check("row width", "no-go", message, fix)


def _width(connection: Connection[Any], catalog: Catalog, addition: Addition) -> Width:
    given = {one.name: f"({one.default_expression or 'null'})::{one.type}" for one in addition.columns}
    missing = [name for name in given if not catalog.has(addition.table, name)]
    # A column in JSON is its name in quotes, a colon, the value and a comma.
    added = [f"octet_length({literal(name)}) + 4 + {_bytes(given[name])}" for name in missing]
    longer = [
        f"greatest(0, {target.longest} - "
        + (
            _bytes(given[target.name])
            if target.column in missing
            else f"max({_bytes(quoted(target.column))})"
        )
        + ")"
        for target in DOCUMENTS
        if target.table == addition.table and target.stored_as != "columns"
    ]
    measured = rows(
        connection,
        f"""
        select coalesce(max(octet_length(row_to_json(t)::text)), 0) as now,
            {" + ".join(added) or "0"} as added, {" + ".join(longer) or "0"} as longer
        from (select * from {quoted(catalog.schema, addition.table)} limit {SAMPLE}) as t
        """,
    )[0]
    upgraded = measured["now"] + measured["added"]
    return Width(addition.table, measured["now"], upgraded, upgraded + measured["longer"])


def _bytes(value: str) -> str:
    """How long a value is in JSON."""
    return f"octet_length(coalesce(to_json({value})::text, 'null'))"

"""Columns and tables that were there before the upgrade: completed, and put back by rollback.

A document column that the application had already may lack keys. They are added, and what stood there
is kept in Standing's schema in the same transaction; rollback takes the added keys out again. Rows
added to a table that was there are remembered likewise.
"""

from collections.abc import Collection
from dataclasses import dataclass

from standing.contract.additions import ADDITIONS
from standing.contract.declare import Default
from standing.database.catalog import Catalog, rows
from standing.database.connect import STANDING_SCHEMA
from standing.sql import literals, quoted, render
from standing.upgrade.fill.walk import Walk
from standing.upgrade.session import Session
from standing.upgrade.steps import Item

KEPT = quoted(STANDING_SCHEMA, "upgrade_kept")
ROWS = quoted(STANDING_SCHEMA, "upgrade_rows")


@dataclass(frozen=True)
class Found:
    """A document column that the upgrade did not make."""

    table: str
    column: str
    document: Default


def found_documents(catalog: Catalog, made: Collection[Item]) -> list[Found]:
    """Document columns that are in the catalogue and not in the ledger."""
    ours = {(item.table, item.name) for item in made if item.kind == "column"}
    return [
        Found(addition.table, column.name, column.document)
        for addition in ADDITIONS
        for column in addition.columns
        if column.document
        and column.document.keys
        and catalog.has(addition.table, column.name)
        and (addition.table, column.name) not in ours
    ]


def plan_completion(catalog: Catalog, made: Collection[Item], batch: int) -> list[Walk]:
    """One walk for each column that may lack keys."""
    return [_walk(catalog.schema, found, batch) for found in found_documents(catalog, made)]


def _walk(schema: str, found: Found, batch: int) -> Walk:
    table, column = quoted(schema, found.table), f"t.{quoted(found.column)}"
    keys = literals(found.document.keys)
    pending = f"({column} is null or (jsonb_typeof({column}) = 'object' and not {column} ?& {keys}))"
    keep = render(
        "upgrade/fill/keep_column.sql.j2",
        kept=KEPT,
        found=found,
        table=table,
        column=column,
        pending=pending,
    )
    complete = (
        f"update {table} as t"
        f" set {quoted(found.column)} = ({found.document.expression}) || coalesce({column}, '{{}}')"
        f" where t.id = any(:ids) and {pending}"
    )
    name = f"missing keys of {found.table}.{found.column}"
    return Walk(name, found.table, pending, (keep, complete), batch)


def put_back(session: Session, catalog: Catalog) -> None:
    """Take out added keys and rows, in batches; may be interrupted and called again."""
    schema, batch = catalog.schema, session.pace.batch
    for found in found_documents(catalog, ()):
        table, column = quoted(schema, found.table), quoted(found.column)
        names = {"kept": KEPT, "found": found, "table": table, "column": column, "batch": batch}
        _repeat(session, render("upgrade/fill/take_keys_out.sql.j2", **names))
    programs, points = "loyalty_programs", "points_transactions"
    if catalog.has(points) and catalog.has(programs):
        names = {
            "rows": ROWS,
            "batch": batch,
            "programs": quoted(schema, programs),
            "points": quoted(schema, points),
        }
        for table in (points, programs):
            _repeat(session, render("upgrade/fill/take_rows_out.sql.j2", added_to=table, **names))


def _repeat(session: Session, statement: str) -> None:
    def batch() -> int:
        with session.transaction():
            return len(rows(session.connection, statement))

    while session.retry("put back what was there", batch):
        pass

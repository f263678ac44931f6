"""Whether the tables that documents and points are written to take an update: the server is asked."""

from collections.abc import Iterator
from typing import Any

import psycopg
from sqlalchemy import Connection

from standing.contract.fitness import WRITTEN, Misfit
from standing.contract.tables import LOYALTY_PROGRAMS, POINTS_TRANSACTIONS
from standing.database.catalog import rows
from standing.database.owners import Driver, driver
from standing.database.schemas import refuse
from standing.sql import quoted, render

#: Tables that rows are added to as well, where they are there.
BESIDE = (LOYALTY_PROGRAMS.name, POINTS_TRANSACTIONS.name)


def require_writable(connection: Connection, schema: str) -> None:
    """Raise UnfitDatabase naming what keeps documents from being written as they are, before any is."""
    refuse(list(unwritable(driver(connection), schema)), f"schema {schema!r} cannot be written")


def unwritable(connection: Driver, schema: str) -> Iterator[Misfit]:
    """Rules that turn a write into something else, and publications that forbid an update of the table."""
    names = [*WRITTEN, *BESIDE]
    question = render("database/unwritable.sql.j2")
    for row in rows(connection, question, schema=schema, names=names, updated=list(WRITTEN)):
        table = quoted(schema, row["name"])
        for rule in row["rules"]:
            yield Misfit(
                row["name"],
                f"has the rule {rule}, which changes what a write does",
                f"drop rule {quoted(rule)} on {table}, or have a trigger do its work",
            )
        if row["column"] and not row["rules"]:
            yield from _tried(connection, table, row)


def _tried(connection: Driver, table: str, row: dict[str, Any]) -> Iterator[Misfit]:
    """What the server says of an update that it plans, and does not make."""
    column = quoted(row["column"])
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(f"explain update {table} set {column} = {column}".encode())
    except (psycopg.errors.ObjectNotInPrerequisiteState, psycopg.errors.InvalidColumnReference) as error:
        said = error.diag.message_primary or str(error)
        because = f": {error.diag.message_detail}" if error.diag.message_detail else ""
        named = ", ".join(quoted(name) for name in row["publications"]) or "that publishes it"
        fix = (
            f"have the row filter or column list of publication {named} go with the replica identity of"
            f" {table}: alter publication … set table …, or alter table {table} replica identity …"
            if isinstance(error, psycopg.errors.InvalidColumnReference)
            else f"alter table {table} replica identity full, or give it a primary key; or take it out of"
            f" publication {named}"
        )
        yield Misfit(row["name"], f"takes no update: {said}{because}", fix)

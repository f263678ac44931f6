"""Sources whose rows come from another server, in whole or in part, also behind views."""

from standing.contract.application import SOURCES
from standing.database.catalog import rows
from standing.database.owners import Driver
from standing.sql import render

#: What can be done where we cannot look.
COMPARE = (
    "see on that server that the role of its user mapping sees every row: compare count(*) on both sides"
)


def from_elsewhere(connection: Driver, schema: str) -> list[str]:
    """What Standing cannot see of each, a phrase: its server decides which rows it shows, by its own rights
    and its own row security, and `row_security = off` does not reach it.
    """
    names = [source.table for source in SOURCES]
    found = rows(connection, render("database/foreign.sql.j2"), schema=schema, names=names)
    return [
        f"{row['source']} is read from another server ({row['servers']}), which alone decides what rows it"
        " shows: whether it hides some cannot be seen from here"
        for row in found
    ]

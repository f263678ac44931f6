"""Tables that may have changed although no trigger fired: they are not what they were at the last drain.

A rewrite (`alter table ... using`, a restore, `vacuum full`), a partition or child that came or went with
its rows, a column or an enum's label that was renamed, a trigger that was switched off and on again. Each
makes one run full.
"""

from collections.abc import Mapping
from typing import Any

import psycopg
from sqlalchemy import Connection, text

from standing.contract.application import SOURCES
from standing.database.catalog import rows
from standing.database.catalog_sql import SIGNATURES
from standing.database.connect import STANDING_SCHEMA
from standing.incremental.capture_sql import LOG, MISSED
from standing.sql import quoted

STATE = f"{STANDING_SCHEMA}.log_state"


def read(connection: psycopg.Connection[Any], schema: str) -> dict[str, str]:
    """Source → its signature now; that of the log is under the empty name."""
    followed = [(source.table, column) for source in SOURCES for column in source.followed]
    found = rows(
        connection,
        SIGNATURES,
        schema=quoted(schema),
        own=STANDING_SCHEMA,
        tables=[table for table, _ in followed],
        columns=[column for _, column in followed],
        log=LOG,
        missed=MISSED,
    )
    return {row["source"]: row["signature"] for row in found}


def changed(connection: Connection, found: Mapping[str, str]) -> tuple[str, ...]:
    """What is not as it was at the last drain, a phrase each; a table that is seen first is as it was."""
    before = dict(connection.execute(text(f"select source, signature from {STATE}")).tuples().all())
    return tuple(
        f"{source} was rewritten, or its triggers or parts are not what they were"
        if source
        else "changes could not be logged, or the change log is another"
        for source, signature in sorted(found.items())
        if before.get(source, signature) != signature
    )


def note(connection: Connection, found: Mapping[str, str]) -> None:
    """Remember them, in the transaction in which everybody is made due where they changed."""
    connection.execute(
        text(
            f"insert into {STATE} (source, signature)"
            " select * from unnest(cast(:sources as text[]), cast(:signatures as text[]))"
            " on conflict (source) do update set signature = excluded.signature"
            " where log_state.signature <> excluded.signature"
        ),
        {"sources": list(found), "signatures": list(found.values())},
    )

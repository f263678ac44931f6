"""Who holds a lock that a step waits for, and the one of them that may be sent away."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import Connection

from standing.database.catalog import rows
from standing.sql import render


@dataclass(frozen=True)
class Holder:
    """A server process with a lock on one of our tables; `seconds` since its transaction began."""

    pid: int
    autovacuum: bool
    state: str
    application: str | None
    seconds: int | None

    def __str__(self) -> str:
        if self.autovacuum:
            return f"autovacuum (server process {self.pid})"
        since = f", its transaction open for {self.seconds} s" if self.seconds is not None else ""
        named = f" {self.application!r}" if self.application else ""
        return f"server process {self.pid}{named} ({self.state}{since})"


def holders(connection: Connection[Any], tables: Sequence[str], readers: bool = True) -> list[Holder]:
    """Who has locks on the tables, longest transaction first."""
    if not tables:
        return []
    statement = render("upgrade/holders.sql.j2", readers=readers)
    return [Holder(**row) for row in rows(connection, statement, tables=list(tables))]


def send_autovacuum_away(connection: Connection[Any], tables: Sequence[str]) -> bool:
    """Cancel autovacuum on the tables, as the server itself does for whoever waits a second for it.

    We never wait that long, because the application would queue behind us. False where it may not be
    cancelled by us; it starts again later by itself.
    """
    sent = False
    for holder in holders(connection, tables, readers=False):
        if holder.autovacuum:
            try:
                connection.execute("select pg_cancel_backend(%s)", [holder.pid])
                sent = True
            except psycopg.errors.InsufficientPrivilege:
                return False
    return sent

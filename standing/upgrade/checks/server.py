"""The checks of `standing preflight`, each a few lines that only read."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from psycopg import Connection

from standing.contract.additions import ADDITIONS, LEFT_OUT
from standing.contract.fitness import notes
from standing.database.catalog import Catalog, rows
from standing.database.connect import STANDING_SCHEMA, SUPPORTED_VERSIONS
from standing.database.foreign import COMPARE, from_elsewhere
from standing.database.schemas import unreadable
from standing.database.unwritable import unwritable
from standing.incremental.filled import found_lost
from standing.sql import quoted
from standing.upgrade.checks.fitness import misfits
from standing.upgrade.plan.tables import wanted_tables

#: Seconds after which somebody's open transaction is worth a line.
LONG_TRANSACTION = 30


@dataclass(frozen=True)
class Check:
    """One line of the list: `state` is ok, note, warning or no-go. The upgrade may go beside what would
    stop a first run.
    """

    name: str
    state: str
    message: str
    fix: str = ""
    stops_run: bool = False


def server(connection: Connection[Any]) -> Iterator[Check]:
    """Version, and whether the server takes writes at all."""
    server = rows(
        connection,
        """
        select current_setting('server_version_num')::int / 10000 as major,
            current_setting('server_version') as version, pg_is_in_recovery() as standby
        """,
    )[0]
    supported = server["major"] in SUPPORTED_VERSIONS
    yield Check(
        "server version",
        "ok" if supported else "no-go",
        f"PostgreSQL {server['version']}",
        "" if supported else "PostgreSQL 15 to 18 is needed",
    )
    if server["standby"]:
        yield Check("server", "no-go", "is a standby that only reads", "connect to the primary")


def tables(connection: Connection[Any], catalog: Catalog) -> Iterator[Check]:
    """Whether all sources can be read whole and how, and what is there already."""
    wrong = [*misfits(catalog), *unreadable(connection, catalog.schema, catalog.relations)]
    wrong += unwritable(connection, catalog.schema)
    if not wrong and ("runs", "summary") in catalog.own:
        wrong = found_lost(connection, catalog.schema, catalog.relations)
    for (problem, fix), alike in groupby(wrong, lambda one: (one.problem, one.fix)):
        yield Check("tables", "no-go", f"{', '.join(one.object for one in alike)} {problem}", fix)
    if not wrong:
        yield Check("tables", "ok", "all sources can be read whole, by columns whose types fit")
    for phrase in from_elsewhere(connection, catalog.schema):
        yield Check("tables", "warning", phrase, COMPARE)
    for note in notes(catalog.relations):
        yield Check("tables", "note", note)
    for table, left_out in LEFT_OUT.items():
        if not catalog.has(table):
            yield Check("tables", "note", f"no table {table}: {left_out} will be left out")
    present = [
        f"{addition.table}.{column.name}"
        for addition in ADDITIONS
        for column in addition.columns
        if catalog.has(addition.table, column.name)
    ]
    present += [table.name for table in wanted_tables(catalog) if catalog.has(table.name)]
    if present:
        yield Check("tables", "note", f"there already, and kept: {', '.join(present)}")


def triggers(connection: Connection[Any], catalog: Catalog) -> Iterator[Check]:
    """The application's triggers on tables that get first values."""
    written = ["users", "seller_profiles", "loyalty_programs", "points_transactions"]
    triggers = rows(
        connection,
        """
        select c.relname || '.' || g.tgname as name
        from pg_trigger as g
        join pg_class as c on c.oid = g.tgrelid
        where c.relnamespace = to_regnamespace(%(schema)s) and c.relname = any(%(written)s)
            and not g.tgisinternal and g.tgenabled <> 'D'
            and not exists (
                select from pg_proc as f
                where f.oid = g.tgfoid and f.pronamespace = to_regnamespace(%(own)s)
            )
        order by 1
        """,
        schema=quoted(catalog.schema),
        written=written,
        own=quoted(STANDING_SCHEMA),
    )
    if triggers:
        names = ", ".join(row["name"] for row in triggers)
        message = f"{names}: will fire for the upgrade's first values; what they keep, rollback leaves"
        yield Check("triggers", "warning", message, "see that they bear an update of every user and seller")
    else:
        yield Check("triggers", "ok", "none on users and seller_profiles")


def transactions(connection: Connection[Any]) -> Iterator[Check]:
    """Open transactions that every concurrent index build has to wait for."""
    transactions = rows(
        connection,
        """
        select pid, coalesce(state, 'unknown') as state,
            extract(epoch from clock_timestamp() - xact_start)::bigint as seconds
        from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()
            and xact_start < clock_timestamp() - make_interval(secs => %(limit)s)
        order by 3 desc
        """,
        limit=LONG_TRANSACTION,
    )
    prepared = rows(
        connection,
        "select count(*) as n from pg_prepared_xacts where database = current_database()",
    )[0]["n"]
    for row in transactions:
        message = f"server process {row['pid']} ({row['state']}) has one open for {row['seconds']} s"
        yield Check(
            "transactions", "warning", message, f"end it, or select pg_terminate_backend({row['pid']})"
        )
    if prepared:
        yield Check(
            "transactions", "warning", f"{prepared} prepared ones are open", "commit or roll them back"
        )
    if not transactions and not prepared:
        yield Check("transactions", "ok", f"none open for more than {LONG_TRANSACTION} s, as far as seen")

"""The check of `standing preflight` on publications: what new columns and tables do to subscribers."""

from collections.abc import Iterator
from typing import Any

from psycopg import Connection

from standing.contract.additions import ADDITIONS
from standing.database.catalog import Catalog, rows
from standing.database.connect import STANDING_SCHEMA
from standing.upgrade.checks.server import Check
from standing.upgrade.plan.tables import wanted_tables

#: Publications that publish one of the tables, or schemas whole.
PUBLISHED = """
select
    pub.pubname as name,
    pub.puballtables as is_all,
    array(
        select nspname::text from pg_publication_namespace as s join pg_namespace as n on n.oid = s.pnnspid
        where s.pnpubid = pub.oid and nspname = any(%(schemas)s) order by 1
    ) as schemas,
    array(
        select tablename::text from pg_publication_tables
        where pubname = pub.pubname and schemaname = %(schema)s and tablename = any(%(tables)s) order by 1
    ) as tables
from pg_publication as pub
order by 1
"""


def publications(connection: Connection[Any], catalog: Catalog) -> Iterator[Check]:
    """Who publishes what gets columns, and tables that do not exist yet."""
    tables = [one.table for one in ADDITIONS if catalog.has(one.table)]
    found = rows(
        connection,
        PUBLISHED,
        schemas=[catalog.schema, STANDING_SCHEMA],
        schema=catalog.schema,
        tables=tables,
    )
    missing = [
        one.table
        for one in ADDITIONS
        if catalog.has(one.table) and not all(catalog.has(one.table, column.name) for column in one.columns)
    ]
    for row in found:
        parts = []
        if columns := sorted(set(row["tables"]) & set(missing)):
            parts.append(f"columns that {', '.join(columns)} will get")
        if row["is_all"] or row["schemas"]:
            news = [table.name for table in wanted_tables(catalog) if not catalog.has(table.name)]
            news += [f"schema {STANDING_SCHEMA}"] if row["is_all"] and not catalog.own else []
            parts += [f"tables that are new ({', '.join(news)})"] if news else []
        if parts:
            yield Check(
                "publications",
                "warning",
                f"publication {row['name']!r} will publish {' and '.join(parts)}: a subscriber that is"
                " PostgreSQL and lacks them stops there, and the server keeps its log until it goes on",
                "make them on each subscriber first: `standing migrate --dry-run` prints the statements",
            )
    if not found:
        yield Check("publications", "ok", "there are none")

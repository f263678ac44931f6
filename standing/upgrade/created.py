"""The ledger of what the upgrade created, in Standing's schema; rollback drops exactly that.

An entry is written in the transaction that creates its object, so there is never one without the
other; only a concurrently built index has its entry just before it.
"""

from typing import Any

from psycopg import Connection

from standing.database.catalog import rows
from standing.database.connect import STANDING_SCHEMA
from standing.sql import quoted
from standing.upgrade.steps import Item

LEDGER = quoted(STANDING_SCHEMA, "upgrade_ledger")

INSERT = f"""
insert into {LEDGER} (kind, schema_name, table_name, name)
values (%(kind)s, %(schema)s, %(table)s, %(name)s)
on conflict do nothing
"""
DELETE = f"""
delete from {LEDGER}
where (kind, schema_name, table_name, name) = (%(kind)s, %(schema)s, %(table)s, %(name)s)
"""


def record(connection: Connection[Any], items: tuple[Item, ...]) -> None:
    """Write entries; one that is there already stays as it is."""
    for item in items:
        connection.execute(INSERT.encode(), vars(item))


def strike(connection: Connection[Any], items: tuple[Item, ...]) -> None:
    """Take entries out, in the transaction that drops their objects."""
    for item in items:
        connection.execute(DELETE.encode(), vars(item))


def entries(connection: Connection[Any]) -> tuple[Item, ...]:
    """What the upgrade created, in the order of creation; nothing where there is no ledger."""
    if not rows(connection, "select 1 where to_regclass(%(name)s) is not null", name=LEDGER):
        return ()
    items = rows(
        connection,
        f'select kind, schema_name as schema, table_name as "table", name from {LEDGER} order by entry_id',
    )
    return tuple(Item(**row) for row in items)

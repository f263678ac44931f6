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
from standing.sql import literal, quoted
from standing.upgrade.fill.walk import Backfill
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


def plan_completion(catalog: Catalog, made: Collection[Item], batch: int) -> list[Backfill]:
    """One walk for each column that may lack keys."""
    return [_walk(catalog.schema, found, batch) for found in found_documents(catalog, made)]


def _walk(schema: str, found: Found, batch: int) -> Backfill:
    table, column = quoted(schema, found.table), f"t.{quoted(found.column)}"
    keys = ", ".join(literal(key) for key in found.document.keys)
    pending = f"({column} is null or (jsonb_typeof({column}) = 'object' and not {column} ?& array[{keys}]))"
    keep = f"""
insert into {KEPT} (table_name, column_name, member_id, old)
select {literal(found.table)}, {literal(found.column)}, t.id, {column}
from {table} as t
where t.id = any(:ids) and {pending}
order by t.id
for no key update
on conflict do nothing
"""
    complete = f"""
update {table} as t
set {quoted(found.column)} = ({found.document.expression}) || coalesce({column}, '{{}}')
where t.id = any(:ids) and {pending}
"""
    name = f"missing keys of {found.table}.{found.column}"
    return Backfill(name, found.table, pending, (keep, complete), batch)


def put_back(session: Session, catalog: Catalog) -> None:
    """Take out added keys and rows, in batches; may be interrupted and called again."""
    for table, column in {(f.table, f.column) for f in found_documents(catalog, ())}:
        _repeat(session, _take_keys_out(catalog.schema, table, column, session.pace.batch))
    if catalog.has("points_transactions") and catalog.has("loyalty_programs"):
        _repeat(session, _take_points_back(catalog.schema, session.pace.batch))
        _repeat(session, _take_programs_back(catalog.schema, session.pace.batch))


def _repeat(session: Session, statement: str) -> None:
    def batch() -> int:
        with session.transaction():
            return len(rows(session.connection, statement))

    while session.retry("put back what was there", batch):
        pass


def _take_keys_out(schema: str, table: str, column: str, batch: int) -> str:
    """Only keys that were not there; a value the application has changed since stays changed."""
    where, name = quoted(schema, table), quoted(column)
    return f"""
with chunk as (
    select k.member_id from {KEPT} as k
    where k.table_name = {literal(table)} and k.column_name = {literal(column)}
    order by k.member_id limit {batch}
),

taken as (
    delete from {KEPT} as k using chunk
    where k.member_id = chunk.member_id
        and k.table_name = {literal(table)} and k.column_name = {literal(column)}
    returning k.member_id, k.old
),

restored as (
    update {where} as t
    set {name} = case when taken.old is not null then coalesce((
        select jsonb_object_agg(pair.key, pair.value)
        from jsonb_each(t.{name}) as pair
        where taken.old ? pair.key
    ), '{{}}') end
    from taken
    where t.id = taken.member_id
)

select member_id from taken
"""


def _take_points_back(schema: str, batch: int) -> str:
    programs, points = quoted(schema, "loyalty_programs"), quoted(schema, "points_transactions")
    return f"""
with chunk as (
    delete from {ROWS} where row_id in (
        select row_id from {ROWS} where table_name = 'points_transactions' limit {batch}
    ) and table_name = 'points_transactions'
    returning row_id
),

gone as (
    delete from {points} as p using chunk where p.id = chunk.row_id returning p.user_id, p.amount
),

less as (
    update {programs} as l
    set points_balance = l.points_balance - gone.amount, points_lifetime = l.points_lifetime - gone.amount
    from gone where l.user_id = gone.user_id
)

select row_id from chunk
"""


def _take_programs_back(schema: str, batch: int) -> str:
    return f"""
with chunk as (
    delete from {ROWS} where row_id in (
        select row_id from {ROWS} where table_name = 'loyalty_programs' limit {batch}
    ) and table_name = 'loyalty_programs'
    returning row_id
),

gone as (
    delete from {quoted(schema, "loyalty_programs")} as l using chunk where l.id = chunk.row_id
)

select row_id from chunk
"""

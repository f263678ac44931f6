"""Indexes on tables that have rows, made beside the application's writes.

CREATE INDEX CONCURRENTLY blocks no write. It does not work on a partitioned table: there the index is
declared on the table alone, built concurrently on each partition, and attached.
"""

import hashlib

from standing.contract.additions import LOOKUPS
from standing.contract.declare import Index, Table
from standing.database.catalog import Catalog, Partition
from standing.sql import quoted
from standing.upgrade.steps import Item, Step


def plan_indexes(catalog: Catalog, tables: tuple[Table, ...]) -> list[Step]:
    """The guide's indexes and uniques on tables that were there, and the pipeline's own lookups."""
    steps = []
    for table in tables:
        if catalog.has(table.name):
            for columns in table.unique:
                steps += _unique(catalog, table.name, columns)
            for index in table.indexes:
                steps += _index(catalog, table.name, index)
    for name, lookups in LOOKUPS.items():
        for index in lookups:
            if catalog.has(name, index.column) and not catalog.leads(name, index.column):
                steps += _index(catalog, name, index)
    return steps


def on_column(schema: str, table: str, index: Index, name: str = "") -> str:
    """What stands after CREATE INDEX [CONCURRENTLY]."""
    direction = " desc" if index.descending else ""
    return f"{quoted(name or index.name)} on {quoted(schema, table)} ({quoted(index.column)}{direction})"


def unique_name(table: str, columns: tuple[str, ...]) -> str:
    return f"{table}_{'_'.join(columns)}_key"


def partition_index_name(partition: Partition, index: Index) -> str:
    """The same for the same partition and index, and never too long."""
    digest = hashlib.sha256(f"{partition.schema}.{partition.name}".encode()).hexdigest()[:8]
    return f"{index.name[:54]}_{digest}"


def _index(catalog: Catalog, table: str, index: Index) -> list[Step]:
    if catalog.partitioned(table):
        return _partitioned(catalog, table, index)
    existing = catalog.indexes.get(index.name)
    if existing and existing.valid:
        return []
    leftover = [_drop_leftover(catalog.schema, index.name)] if existing else []
    return [
        *leftover,
        _concurrently(catalog.schema, table, index.name, on_column(catalog.schema, table, index)),
    ]


def _concurrently(schema: str, table: str, name: str, definition: str, unique: bool = False) -> Step:
    return Step(
        f"index {name}",
        (f"create {'unique ' if unique else ''}index concurrently {definition}",),
        creates=(Item("index", schema, table, name),),
        cleanup=f"drop index concurrently if exists {quoted(schema, name)}",
        tables=(quoted(schema, table),),
    )


def _drop_leftover(schema: str, name: str) -> Step:
    """A build that was cut short leaves an index that no query uses and every write pays for."""
    drop = f"drop index concurrently if exists {quoted(schema, name)}"
    return Step(f"drop the invalid index {name}", (drop,), cleanup="select")


def _unique(catalog: Catalog, table: str, columns: tuple[str, ...]) -> list[Step]:
    """A unique constraint on a table that was there: its index first, concurrently."""
    enforced = any(
        index.unique
        and index.valid
        and not index.partial
        and sorted(map(str, index.columns)) == sorted(columns)
        for index in catalog.indexes.values()
        if index.table == table
    )
    name = unique_name(table, columns)
    if enforced and (name not in catalog.indexes or catalog.constraint(table, "u", columns)):
        return []
    names = ", ".join(quoted(column) for column in columns)
    steps = []
    if not enforced:
        if name in catalog.indexes:
            steps.append(_drop_leftover(catalog.schema, name))
        definition = f"{quoted(name)} on {quoted(catalog.schema, table)} ({names})"
        steps.append(_concurrently(catalog.schema, table, name, definition, unique=True))
    where = quoted(catalog.schema, table)
    add = f"alter table {where} add constraint {quoted(name)} unique using index {quoted(name)}"
    item = Item("constraint", catalog.schema, table, name)
    return [*steps, Step(f"constraint {name}", (add,), creates=(item,), tables=(where,))]


def _partitioned(catalog: Catalog, table: str, index: Index) -> list[Step]:
    partitions = [one for one in catalog.partitions if one.table == table]
    existing = catalog.indexes.get(index.name)
    if (existing and existing.valid) or any(one.foreign for one in partitions):
        return []
    steps = [] if existing else [_declare(catalog.schema, table, index, index.name)]
    above = {table: quoted(catalog.schema, index.name)}
    for one in partitions:
        name = partition_index_name(one, index)
        valid, attached = one.indexes.get(name, (False, None))
        above[one.name] = quoted(one.schema, name)
        if not one.leaf and name not in one.indexes:
            steps.append(_declare(one.schema, one.name, index, name))
        elif one.leaf and not valid:
            if name in one.indexes:
                steps.append(_drop_leftover(one.schema, name))
            definition = on_column(one.schema, one.name, index, name)
            steps.append(_concurrently(one.schema, one.name, name, definition))
        if not attached:
            attach = f"alter index {above[one.parent]} attach partition {quoted(one.schema, name)}"
            where = quoted(one.schema, one.name)
            steps.append(Step(f"attach index {name}", (attach,), tables=(where,)))
    return steps


def _declare(schema: str, table: str, index: Index, name: str) -> Step:
    direction = " desc" if index.descending else ""
    where = quoted(schema, table)
    declare = f"create index {quoted(name)} on only {where} ({quoted(index.column)}{direction})"
    return Step(f"index {name}", (declare,), creates=(Item("index", schema, table, name),), tables=(where,))

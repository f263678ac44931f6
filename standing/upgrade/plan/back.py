"""Which steps take back what the ledger says the upgrade created, revision by revision."""

from collections.abc import Collection, Sequence

from standing.database.catalog import Catalog
from standing.sql import quoted
from standing.text import plural
from standing.upgrade.steps import Item, Step


def plan(
    revision: str, items: Sequence[Item], extended: Collection[str], catalog: Catalog, cascade: bool = False
) -> list[Step]:
    """The steps back for one revision, newest first.

    `extended` are the application's tables that got columns; with `cascade` goes what depends on them.
    """
    made = {item.name for item in items if item.kind == "table"}
    if revision == "change_log":
        return _drop_triggers(items)
    if revision == "indexes":
        return _drop_indexes([item for item in items if item.table not in made], catalog)
    if revision == "tables":
        return _drop_tables(items, made, catalog, cascade) + [
            step
            for table in sorted({item.table for item in items if item.kind == "column"})
            if table not in extended and table not in made
            for step in _drop_columns(_columns_of(items, table), cascade)
        ]
    if revision == "columns":
        return [
            step for table in sorted(extended) for step in _drop_columns(_columns_of(items, table), cascade)
        ]
    return []


def _drop_triggers(items: Sequence[Item]) -> list[Step]:
    """A table's triggers in one step, under one short lock; then the functions they call."""
    steps = []
    triggers = [item for item in items if item.kind == "trigger"]
    for where in dict.fromkeys(quoted(item.schema, item.table) for item in triggers):
        ours = tuple(item for item in triggers if quoted(item.schema, item.table) == where)
        drops = tuple(f"drop trigger if exists {quoted(item.name)} on {where}" for item in ours)
        steps.append(Step(f"drop the triggers of {ours[0].table}", drops, drops=ours, tables=(where,)))
    functions = tuple(item for item in items if item.kind == "function")
    if functions:
        drops = tuple(f"drop function if exists {quoted(item.schema, item.name)}()" for item in functions)
        steps.append(Step("drop the functions of the change log", drops, drops=functions))
    return steps


def _drop_indexes(items: Sequence[Item], catalog: Catalog) -> list[Step]:
    """A partitioned index takes those of its partitions with it, and cannot be dropped concurrently."""
    steps = [
        _drop_constraint(item) for item in reversed(items) if item.kind == "constraint" and _unique(item)
    ]
    indexes = [item for item in reversed(items) if item.kind == "index"]
    inner = {one.name for one in catalog.partitions if not one.leaf}
    for item in sorted(indexes, key=lambda item: not catalog.partitioned(item.table)):
        index = quoted(item.schema, item.name)
        if catalog.partitioned(item.table) or item.table in inner:
            drop = f"drop index if exists {index}"
            where = (quoted(item.schema, item.table),)
            steps.append(Step(f"drop index {item.name}", (drop,), drops=(item,), tables=where))
        else:
            drop = f"drop index concurrently if exists {index}"
            steps.append(Step(f"drop index {item.name}", (drop,), drops=(item,), cleanup="select"))
    return steps


def _unique(item: Item) -> bool:
    return item.name.endswith("_key")


def _drop_constraint(item: Item) -> Step:
    where = quoted(item.schema, item.table)
    drop = f"alter table {where} drop constraint if exists {quoted(item.name)}"
    return Step(f"drop constraint {item.name}", (drop,), drops=(item,), tables=(where,))


def _drop_tables(
    items: Sequence[Item], made: Collection[str], catalog: Catalog, cascade: bool
) -> list[Step]:
    steps = []
    for item in reversed(items):
        if item.kind == "table":
            belongings = tuple(other for other in items if other.table == item.name)
            drop = f"drop table if exists {quoted(item.schema, item.name)}{_cascade(cascade)}"
            referenced = sorted(
                {key.references or "" for key in catalog.constraints if key.table == item.name}
            )
            tables = tuple(quoted(item.schema, name) for name in [item.name, *referenced] if name)
            steps.append(Step(f"drop table {item.name}", (drop,), drops=belongings, tables=tables))
        elif item.kind == "constraint" and item.table not in made:
            steps.append(_drop_constraint(item))
    return steps


def _columns_of(items: Sequence[Item], table: str) -> list[Item]:
    return [item for item in items if item.kind == "column" and item.table == table]


def _drop_columns(columns: list[Item], cascade: bool) -> list[Step]:
    """All columns of one table in one statement, under one short lock."""
    if not columns:
        return []
    where = quoted(columns[0].schema, columns[0].table)
    clauses = ", ".join(
        f"drop column if exists {quoted(column.name)}{_cascade(cascade)}" for column in columns
    )
    name = f"drop {plural(len(columns), 'column')} of {columns[0].table}"
    return [Step(name, (f"alter table {where} {clauses}",), drops=tuple(columns), tables=(where,))]


def _cascade(cascade: bool) -> str:
    return " cascade" if cascade else ""

"""Which steps take back what the ledger says the upgrade created, revision by revision."""

from collections.abc import Collection, Sequence

from standing.upgrade.steps import Item, Step, quoted


def plan(revision: str, items: Sequence[Item], extended: Collection[str]) -> list[Step]:
    """The steps back for one revision; `extended` are the application's tables that got columns."""
    made = {item.name for item in items if item.kind == "table"}
    if revision == "indexes":
        return [
            _drop_index(item) for item in reversed(items) if item.kind == "index" and item.table not in made
        ]
    if revision == "tables":
        return _drop_tables(items, made, extended)
    if revision == "columns":
        return [step for table in extended for step in _drop_columns(_columns_of(items, table))]
    return []


def _drop_index(item: Item) -> Step:
    drop = f"drop index concurrently if exists {quoted(item.schema, item.name)}"
    return Step(f"drop index {item.name}", (drop,), drops=(item,), cleanup="select")


def _drop_tables(items: Sequence[Item], made: Collection[str], extended: Collection[str]) -> list[Step]:
    steps = []
    for item in reversed(items):
        if item.kind == "table":
            belongings = tuple(other for other in items if other.table == item.name)
            drop = f"drop table if exists {quoted(item.schema, item.name)}"
            steps.append(Step(f"drop table {item.name}", (drop,), drops=belongings))
        elif item.kind == "constraint" and item.table not in made:
            where = quoted(item.schema, item.table)
            drop = f"alter table {where} drop constraint if exists {quoted(item.name)}"
            steps.append(Step(f"drop constraint {item.name}", (drop,), drops=(item,)))
    others = sorted({item.table for item in items if item.kind == "column"} - set(extended) - set(made))
    for table in others:
        steps += _drop_columns(_columns_of(items, table))
    return steps


def _columns_of(items: Sequence[Item], table: str) -> list[Item]:
    return [item for item in items if item.kind == "column" and item.table == table]


def _drop_columns(columns: list[Item]) -> list[Step]:
    """All columns of one table in one statement, under one short lock."""
    if not columns:
        return []
    where = quoted(columns[0].schema, columns[0].table)
    clauses = ", ".join(f"drop column if exists {quoted(column.name)}" for column in columns)
    return [
        Step(
            f"drop {len(columns)} columns of {columns[0].table}",
            (f"alter table {where} {clauses}",),
            drops=tuple(columns),
        )
    ]

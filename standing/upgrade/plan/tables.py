"""Which steps lead from what a database has to what the upgrade declares.

Planning only reads. What is there already stays as it is and is no step; what the upgrade would make
anew is one step each, with its ledger entry.
"""

from standing.contract.additions import ADDITIONS
from standing.contract.declare import Column, ForeignKey, Table
from standing.contract.tables import TABLES
from standing.database.catalog import Catalog
from standing.sql import quoted
from standing.upgrade.plan import indexes
from standing.upgrade.steps import Item, Step


def wanted_tables(catalog: Catalog) -> tuple[Table, ...]:
    """The tables that can be made: without products there is nothing to wish for."""
    made = {table.name for table in TABLES}
    return tuple(
        table
        for table in TABLES
        if all(key.table in made or catalog.has(key.table) for key in table.foreign_keys)
    )


def plan_columns(catalog: Catalog) -> list[Step]:
    """The columns on the application's tables: one statement, and so one lock, a table."""
    steps = []
    for addition in ADDITIONS:
        if catalog.has(addition.table):
            steps += _missing_columns(catalog, addition.table, addition.columns)
    return steps


def plan_tables(catalog: Catalog) -> list[Step]:
    """The nine tables, with indexes and keys when they are new; foreign keys in steps of their own."""
    steps = []
    for table in wanted_tables(catalog):
        if catalog.has(table.name):
            steps += _missing_columns(catalog, table.name, table.columns)
        else:
            steps.append(_create_table(catalog.schema, table))
        for key in table.foreign_keys:
            steps += _foreign_key(catalog, table.name, key)
    return steps


def _missing_columns(catalog: Catalog, table: str, columns: tuple[Column, ...]) -> list[Step]:
    missing = [column for column in columns if not catalog.has(table, column.name)]
    if not missing:
        return []
    clauses = ",\n    ".join(f"add column {_definition(column)}" for column in missing)
    return [
        Step(
            f"{len(missing)} columns of {table}"
            if len(missing) > 1
            else f"column {table}.{missing[0].name}",
            (f"alter table {quoted(catalog.schema, table)}\n    {clauses}",),
            creates=tuple(Item("column", catalog.schema, table, column.name) for column in missing),
            tables=(quoted(catalog.schema, table),),
        )
    ]


def _definition(column: Column) -> str:
    default = f" default {column.default_expression}" if column.default_expression else ""
    return f"{quoted(column.name)} {column.type}{default}{' not null' if column.required else ''}"


def _create_table(schema: str, table: Table) -> Step:
    lines = [_definition(column) for column in table.columns]
    lines.append(f"constraint {quoted(f'{table.name}_pkey')} primary key (id)")
    for columns in table.unique:
        names = ", ".join(quoted(column) for column in columns)
        lines.append(f"constraint {quoted(indexes.unique_name(table.name, columns))} unique ({names})")
    body = ",\n    ".join(lines)
    return Step(
        f"table {table.name}",
        (
            f"create table {quoted(schema, table.name)} (\n    {body}\n)",
            *(f"create index {indexes.on_column(schema, table.name, index)}" for index in table.indexes),
        ),
        creates=(
            Item("table", schema, table.name, table.name),
            *(Item("index", schema, table.name, index.name) for index in table.indexes),
        ),
    )


def _foreign_key(catalog: Catalog, table: str, key: ForeignKey) -> list[Step]:
    """Added without looking at the rows, under a short lock; then validated beside the application."""
    name = f"{table}_{key.column}_fkey"
    where = quoted(catalog.schema, table)
    validate = Step(
        f"validate {name}", (f"alter table {where} validate constraint {quoted(name)}",), patient=True
    )
    existing = catalog.constraint(table, "f", (key.column,))
    if existing:
        return [validate] if not existing.validated and existing.name == name else []
    add = (
        f"alter table {where} add constraint {quoted(name)} foreign key ({quoted(key.column)})\n"
        f"    references {quoted(catalog.schema, key.table)} (id) on delete {key.on_delete} not valid"
    )
    item = Item("constraint", catalog.schema, table, name)
    return [
        Step(
            f"foreign key {name}",
            (add,),
            creates=(item,),
            tables=(where, quoted(catalog.schema, key.table)),
        ),
        validate,
    ]

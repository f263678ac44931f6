"""Whether a database can be upgraded as it is; decided from its catalogue alone."""

from typing import Any

from psycopg import Connection

from standing.contract import fitness as readable
from standing.contract.additions import ADDITIONS
from standing.contract.application import REQUIRED
from standing.contract.declare import Column, Table
from standing.contract.fitness import Misfit
from standing.contract.tables import TABLES
from standing.database.catalog import Catalog
from standing.database.schemas import refuse, unreadable
from standing.database.unwritable import unwritable
from standing.upgrade.plan.tables import wanted_tables

#: Existing types that serve where the guide's type is not found: longer, wider or more exact ones.
STAND_INS = {
    "character varying": ("character varying", "text"),
    "integer": ("integer", "bigint"),
    "timestamp without time zone": ("timestamp without time zone", "timestamp with time zone"),
    "numeric": ("numeric",),
}


def misfits(catalog: Catalog) -> list[Misfit]:
    """Everything that forbids the upgrade, legacy tables first."""
    wrong = readable.misfits(catalog.relations, catalog.schema)
    if not set(REQUIRED) & catalog.relations.keys():
        return wrong
    for addition in ADDITIONS:
        wrong += _types(catalog, addition.table, addition.columns)
    for table in wanted_tables(catalog):
        wrong += _types(catalog, table.name, table.columns)
        wrong += _new_table(catalog, table)
    return wrong + _names_taken(catalog)


def require_fit(connection: Connection[Any], catalog: Catalog) -> None:
    """Raise UnfitDatabase with all misfits."""
    wrong = [*misfits(catalog), *unreadable(connection, catalog.schema, catalog.relations)]
    wrong += unwritable(connection, catalog.schema)
    refuse(wrong, f"schema {catalog.schema!r} cannot be upgraded")


def bare(type_: str) -> str:
    """A type without its length: numeric(10,2) is numeric."""
    return type_.split("(")[0] + type_.partition(")")[2]


def _types(catalog: Catalog, table: str, columns: tuple[Column, ...]) -> list[Misfit]:
    """Columns that are there already with a type that the guide's code cannot use."""
    wrong = []
    for column in columns:
        present = catalog.columns.get((table, column.name))
        wanted = bare(column.type)
        if present and bare(present.type) not in STAND_INS.get(wanted, (wanted,)):
            wrong.append(
                Misfit(
                    f"{table}.{column.name}",
                    f"exists as {present.type}, not {column.type}",
                    f"rename it or change its type to {column.type}",
                )
            )
    return wrong


def _new_table(catalog: Catalog, table: Table) -> list[Misfit]:
    """What a table of the guide needs from what is there."""
    wrong = []
    if catalog.has(table.name):
        for column in table.columns:
            volatile = column.required and column.default_expression in (None, "gen_random_uuid()")
            if volatile and not catalog.has(table.name, column.name):
                problem = f"lacks the required column {column.name}"
                wrong.append(Misfit(table.name, problem, f"add it, or rename the table {table.name}"))
    for key in table.foreign_keys:
        if catalog.has(key.table) and not _is_key(catalog, key.table):
            fix = f"give {key.table} a primary key on id"
            wrong.append(Misfit(f"{key.table}.id", f"is no key that {table.name} can refer to", fix))
    return list(dict.fromkeys(wrong))


def _is_key(catalog: Catalog, table: str) -> bool:
    return any(
        index.table == table
        and index.unique
        and index.valid
        and not index.partial
        and index.columns == ("id",)
        for index in catalog.indexes.values()
    )


def _names_taken(catalog: Catalog) -> list[Misfit]:
    """Names that the upgrade gives and that something else has."""
    wrong = []
    for table in TABLES:
        if table.name in catalog.others:
            wrong.append(Misfit(table.name, "exists and is not a table", "rename it"))
        for index in table.indexes:
            other = catalog.indexes.get(index.name)
            if other and other.table != table.name:
                wrong.append(Misfit(index.name, f"is an index of {other.table}", "rename it"))
    return wrong

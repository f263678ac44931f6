"""Whether a database can be upgraded as it is; decided from its catalogue alone."""

from dataclasses import dataclass

from standing.contract.additions import ADDITIONS
from standing.contract.application import REQUIRED, SOURCES
from standing.contract.declare import Column, Table
from standing.contract.sources import FAMILIES
from standing.contract.tables import TABLES
from standing.database.catalog import Catalog
from standing.errors import UnfitDatabase
from standing.upgrade.plan.tables import wanted_tables

#: Existing types that serve where the guide's type is not found: longer, wider or more exact ones.
STAND_INS = {
    "character varying": ("character varying", "text"),
    "integer": ("integer", "bigint"),
    "timestamp without time zone": ("timestamp without time zone", "timestamp with time zone"),
    "numeric": ("numeric",),
}


@dataclass(frozen=True)
class Misfit:
    """Something that keeps the upgrade from starting: the object, what is wrong, what would mend it."""

    object: str
    problem: str
    fix: str


def misfits(catalog: Catalog) -> list[Misfit]:
    """Everything that forbids the upgrade, legacy tables first."""
    missing = [
        Misfit(table, "is missing", "set STANDING_APPLICATION_SCHEMA or DATABASE_URL")
        for table in REQUIRED
        if not catalog.has(table)
    ]
    if len(missing) == len(REQUIRED):
        return missing
    wrong = [*missing, *_legacy_columns(catalog)]
    for addition in ADDITIONS:
        wrong += _types(catalog, addition.table, addition.columns)
    for table in wanted_tables(catalog):
        wrong += _types(catalog, table.name, table.columns)
        wrong += _new_table(catalog, table)
    return wrong + _names_taken(catalog)


def require_fit(catalog: Catalog) -> None:
    """Raise UnfitDatabase with all misfits."""
    wrong = misfits(catalog)
    if wrong:
        problems = dict.fromkeys(one.problem for one in wrong)
        listed = "; ".join(
            f"{', '.join(one.object for one in wrong if one.problem == problem)} {problem}"
            for problem in problems
        )
        fixes = "; ".join(dict.fromkeys(one.fix for one in wrong))
        raise UnfitDatabase(f"schema {catalog.schema!r} cannot be upgraded: {listed}", fixes)


def bare(type_: str) -> str:
    """A type without its length: numeric(10,2) is numeric."""
    return type_.split("(")[0] + type_.partition(")")[2]


def _legacy_columns(catalog: Catalog) -> list[Misfit]:
    wrong = []
    required = [
        (source.table, column.name, FAMILIES[column.family])
        for source in SOURCES
        if catalog.has(source.table)
        for column in source.columns
        if column.required and column.family
    ]
    for table, name, family in required:
        path = f"{table}.{name}"
        present = catalog.columns.get((table, name))
        if present is None:
            wrong.append(Misfit(path, "is missing", f"add the column {path}"))
        elif ("enum" if present.type in catalog.enums else bare(present.type)) not in family.values():
            wanted = [type_ for type_ in family.values() if type_ != "enum"]
            problem = f"is {present.type}, not {' or '.join(wanted)}"
            wrong.append(Misfit(path, problem, f"change its type to {wanted[0]}"))
    if catalog.has("reviews") and not {("reviews", "order_id"), ("reviews", "seller_id")} & set(
        catalog.columns
    ):
        wrong.append(Misfit("reviews", "has neither order_id nor seller_id", "add one of the two"))
    return wrong


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

"""Which sources can be read whole, and which not and why; decided from the catalogue alone.

What is refused here stops the upgrade before it begins, and every run before it builds.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from standing.contract.application import REQUIRED, SOURCES
from standing.contract.members import MEMBER_KINDS
from standing.contract.relations import READ_ONLY, Relation, Relations
from standing.contract.sources import FAMILIES, Source, SourceColumn
from standing.sql import quoted

#: Where documents are written; the other sources are only read, and may be views or foreign tables.
WRITTEN = tuple(kind.table for kind in MEMBER_KINDS)
#: What is wrong with types that a family might be thought to read → the reason beside.
BECAUSE = {
    ("moment", "date"): "a day has no time",
    ("number", "money"): "what it means depends on the session's lc_monetary",
}


@dataclass(frozen=True)
class Misfit:
    """Why a source cannot be read as it is: the object, what is wrong, what would mend it."""

    object: str
    problem: str
    fix: str


def misfits(relations: Relations, schema: str) -> list[Misfit]:
    """Everything that forbids to read the sources, in their order."""
    missing = [
        Misfit(table, "is missing", "set STANDING_APPLICATION_SCHEMA or DATABASE_URL")
        for table in REQUIRED
        if table not in relations
    ]
    if len(missing) == len(REQUIRED):
        return missing
    there = [source for source in SOURCES if source.table in relations]
    return [*missing, *(one for source in there for one in _of_source(source, relations, schema))]


def _of_source(source: Source, relations: Relations, schema: str) -> Iterator[Misfit]:
    relation = relations[source.table]
    table = quoted(schema, source.table)
    if relation.kind == "partition":
        yield Misfit(source.table, "is a partition of another table", "rename it, or the whole table")
    elif source.table in WRITTEN and not relation.is_table:
        problem = f"is {READ_ONLY[relation.kind]}, and documents are written to it"
        yield Misfit(source.table, problem, f"make {source.table} a table")
    if relation.hides_rows:
        yield Misfit(
            source.table,
            f"hides rows from role {relation.role} by row security",
            f"alter table {table} no force row level security"
            if relation.is_forced
            else f"connect as a role that sees every row: alter role {quoted(relation.role)} bypassrls",
        )
    if not relation.is_reachable:
        fix = f"grant usage on schema {quoted(schema)} to {quoted(relation.role)}"
        yield Misfit(source.table, f"may not be read by role {relation.role}", fix)
        return
    yield from _columns(source, relation, table)
    if source.table == "reviews" and not {"order_id", "seller_id"} & relation.columns.keys():
        yield Misfit("reviews", "has neither order_id nor seller_id", "add one of the two")


def _columns(source: Source, relation: Relation, table: str) -> Iterator[Misfit]:
    there = [column for column in source.columns if column.name in relation.columns]
    hidden = [column.name for column in there if not relation.columns[column.name].is_readable]
    if hidden:
        whole = len(hidden) == len(there)
        what = source.table if whole else ", ".join(f"{source.table}.{name}" for name in hidden)
        columns = "" if whole else f" ({', '.join(quoted(name) for name in hidden)})"
        yield Misfit(
            what,
            f"may not be read by role {relation.role}",
            f"grant select{columns} on {table} to {quoted(relation.role)}",
        )
    for column in source.columns:
        path = f"{source.table}.{column.name}"
        if column in there:
            yield from _type(path, column, relation.columns[column.name].type)
        elif column.required:
            yield Misfit(path, "is missing", f"add the column {path}")


def _type(path: str, column: SourceColumn, found: str) -> Iterator[Misfit]:
    family = FAMILIES[column.family] if column.family else (found,)
    if found not in family:
        because = BECAUSE.get((str(column.family), found))
        wanted = [type_ for type_ in family if type_ not in ("citext", "enum")]
        yield Misfit(
            path,
            f"is {found}, not {' or '.join(wanted)}" + (f": {because}" if because else ""),
            f"change its type to {wanted[0]}" + ("" if column.required else ", or rename it"),
        )


#: Family and type → the rule by which such a column is read.
RULES = {
    ("moment", "timestamp without time zone"): "a time without zone is read in SOURCE_TIME_ZONE",
    ("deadline", "timestamp without time zone"): "a time without zone is read in SOURCE_TIME_ZONE",
    ("deadline", "date"): "a day ends with it, in BUSINESS_TIME_ZONE",
    ("reference", "text"): "a text that is no UUID names nobody",
    ("reference", "character varying"): "a text that is no UUID names nobody",
    ("reference", "character"): "a text that is no UUID names nobody",
    ("reference", "citext"): "a text that is no UUID names nobody",
}


def notes(relations: Relations) -> list[str]:
    """By which rules columns are read whose types do not say it, a sentence for each rule."""
    read: dict[str, list[str]] = {}
    for source in SOURCES:
        found = relations[source.table].columns if source.table in relations else {}
        for column in source.columns:
            type_ = found[column.name].type if column.name in found else ""
            if rule := RULES.get((str(column.family), type_)):
                read.setdefault(rule, []).append(f"{source.table}.{column.name}")
    return [f"{rule}: {', '.join(columns)}" for rule, columns in read.items()]

"""What the application's schema must have and promise: columns, unique keys, references."""

from expectations.engine.catalog import Catalog
from expectations.engine.rules import Rule, Scan, Whole
from standing.contract.application import REQUIRED, SOURCES
from standing.contract.members import MEMBER_KINDS
from standing.contract.sources import SourceColumn
from standing.sql import quoted

#: Whose documents are published; a wrong key here would give one member's document to another.
MEMBERS = tuple(kind.table for kind in MEMBER_KINDS)
#: The tables that are audited.
AUDITED = tuple(source for source in SOURCES if source.required)
#: Child column, parent key. An order or review may lack its optional ones; what it names must exist.
REFERENCES = tuple(
    (f"{source.table}.{column.name}", column.references)
    for source in AUDITED
    for column in source.columns
    if column.references
)

CORRECT = "correct them in the application, by the keys shown"


def contract_scan(catalog: Catalog) -> Scan:
    """The catalog held against the contract's columns, and the rules that constraints promise."""
    missing = [table for table in REQUIRED if not catalog.has_table(table)]
    rows = [(f"table {table}", "is missing", True) for table in missing]
    rows += [
        (f"{source.table}.{column.name}", _problem(source.table, column, catalog), column.required)
        for source in AUDITED
        for column in source.columns
        if source.table not in missing
    ]
    if "reviews" not in missing:
        linked = catalog.usable("reviews.order_id") or catalog.usable("reviews.seller_id")
        rows.append(("reviews.order_id or reviews.seller_id", "" if linked else "is missing", True))
    values = ", ".join(f"('{subject}', '{problem}', {required})" for subject, problem, required in rows)
    return Scan(
        source=f"(values {values}) as contract (subject, problem, required)",
        key="subject",
        rules=(
            Rule(
                "required_columns_exist",
                "critical",
                "required and problem <> ''",
                "Without these columns no member can be scored, so nothing is built or written.",
                "add the columns, or set STANDING_APPLICATION_SCHEMA to the schema that holds the tables",
                detail="string_agg(subject || ' ' || problem, ', ' order by subject)",
            ),
            Rule(
                "optional_columns_fit",
                "warning",
                "not required and problem <> ''",
                "These columns are cast when read; one value that cannot be cast stops the build.",
                "change the type of the columns, or ignore this if scores need not use them",
                detail="string_agg(subject || ' ' || problem, ', ' order by subject)",
            ),
            *_promises(catalog),
        ),
    )


def _problem(table: str, column: SourceColumn, catalog: Catalog) -> str:
    path = f"{table}.{column.name}"
    existing = catalog.types.get(path)
    if catalog.usable(path) or (existing is None and not column.required):
        return ""
    return "is missing" if existing is None else f"is {existing}, which is no {column.family}"


def _promises(catalog: Catalog) -> list[Whole]:
    keys = [(_unique_rule(table), "unique index") for table in REQUIRED if f"{table}.id" in catalog.unique]
    keys += [
        (_reference_rule(child, parent), "foreign key")
        for child, parent in REFERENCES
        if f"{child} {parent}" in catalog.references
    ]
    return [
        Whole(rule.name, rule.severity, "0", f"'guaranteed by a {promise}'", rule.meaning, rule.action)
        for rule, promise in keys
    ]


def unpromised_scans(app: str, catalog: Catalog) -> list[Scan]:
    """Keys and references that no constraint of the database promises, each by a query of its own."""
    unique = [_unique_scan(app, table) for table in REQUIRED if f"{table}.id" not in catalog.unique]
    references = [
        _reference_scan(app, child, parent)
        for child, parent in REFERENCES
        if f"{child} {parent}" not in catalog.references
    ]
    return [*unique, *references]


def _unique_rule(table: str) -> Rule:
    return Rule(
        f"{table}_id_is_unique",
        "critical" if table in MEMBERS else "warning",
        "copies > 1",
        "A key that stands for two rows would give one member's score to another."
        if table in MEMBERS
        else "Which of the copies is true nobody knows, so all of them are set aside.",
        f"remove the copies and add a primary key: alter table {table} add primary key (id)",
    )


def _unique_scan(app: str, table: str) -> Scan:
    copies = f"select id, count(*) as copies from {quoted(app, table)} where id is not null group by id"
    return Scan(f"({copies}) as ids", "id::text", (_unique_rule(table),), needs=(f"{table}.id",))


def _reference_rule(child: str, parent: str) -> Rule:
    table, column = child.split(".")
    return Rule(
        f"{table}_{column}_exists",
        "warning",
        f"child.{column} is not null and parent.id is null",
        f"These rows of {table} name what {parent.split('.')[0]} lacks, so a side of the deal is missing.",
        CORRECT,
    )


def _reference_scan(app: str, child: str, parent: str) -> Scan:
    table, column = child.split(".")
    other = quoted(app, parent.split(".")[0])
    source = f"{quoted(app, table)} as child left join {other} as parent on parent.id = child.{column}"
    return Scan(
        source, "child.id::text", (_reference_rule(child, parent),), needs=(f"{table}.id", child, parent)
    )

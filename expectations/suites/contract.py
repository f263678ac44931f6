"""What the application's schema must have and promise: columns, unique keys, references."""

from expectations.engine.catalog import Catalog
from expectations.engine.rules import Rule, Scan, Whole
from standing.contract.application import REQUIRED, SOURCES
from standing.contract.members import MEMBER_KINDS
from standing.sql import literal, quoted

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
    """What keeps the sources from being read whole, and the rules that constraints promise."""
    rows = [(one.object, one.problem) for one in catalog.misfits] or [("", "")]
    values = ", ".join(f"({literal(what)}, {literal(problem)})" for what, problem in rows)
    return Scan(
        # A colon would begin a parameter.
        source=f"(values {values}) as contract (subject, problem)".replace(":", "\\:"),
        key="subject",
        rules=(
            Rule(
                "sources_are_read_whole",
                "critical",
                "problem <> ''",
                "What is not read counts as if it had not happened, so nothing is built or written.",
                "; ".join(dict.fromkeys(one.fix for one in catalog.misfits)) or "standing preflight",
                detail="string_agg(subject || ' ' || problem, ', ' order by subject)",
            ),
            *_promises(catalog),
        ),
    )


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

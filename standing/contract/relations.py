"""The one question to PostgreSQL's catalogue about what can be read, and its answer.

The run, the preflight and the audits put it, each on its own connection, and hand what they read to dbt. A
source is one of these relations, read whole; standing/contract/fitness.py says which are not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from standing.contract.additions import ADDITIONS
from standing.contract.application import SOURCES
from standing.contract.tables import TABLES
from standing.sql import render

#: pg_class.relkind of what can be read and not written; "partition" is a part of another source.
READ_ONLY = {"v": "a view", "m": "a materialized view", "f": "a foreign table"}
WRITABLE = ("r", "p")


@dataclass(frozen=True)
class SeenColumn:
    """A column as the role sees it.

    `type` is that of a domain's base, without length, `enum` for any enum; `spelled` has the length.
    `refers_to` are "table.column" that foreign keys of it alone promise.
    """

    name: str
    type: str
    spelled: str
    is_readable: bool = True
    required: bool = False
    default: str | None = None
    is_unique: bool = False
    refers_to: tuple[str, ...] = ()


@dataclass(frozen=True)
class Relation:
    """A table, view or foreign table. Policies of row security that apply to the role hide rows; where it
    `is_forced`, they apply to its owner, whom the role is or belongs to.

    What constraints of a table with inheritance children promise, its children need not keep.
    """

    name: str
    kind: str
    role: str
    is_reachable: bool
    hides_rows: bool
    has_children: bool
    columns: Mapping[str, SeenColumn]
    is_forced: bool = False

    @property
    def is_table(self) -> bool:
        return self.kind in WRITABLE


#: Name → what a schema has of the declared names.
Relations = Mapping[str, Relation]
#: The tables that are read, made or extended.
NAMES = sorted(
    {source.table for source in SOURCES}
    | {addition.table for addition in ADDITIONS}
    | {table.name for table in TABLES}
)

OF_RELATION = ("kind", "role", "is_reachable", "hides_rows", "has_children", "is_forced")
OF_COLUMN = ("name", "type", "spelled", "is_readable", "required", "default", "is_unique")


def question() -> str:
    """The statement, for psycopg, with parameters `schema` and `names`."""
    return render("contract/relations.sql.j2")


def answer(rows: Iterable[Mapping[str, Any]]) -> dict[str, Relation]:
    """What the statement's rows say."""
    relations: dict[str, Relation] = {}
    columns: dict[str, dict[str, SeenColumn]] = {}
    for row in rows:
        name = row["relation"]
        columns.setdefault(name, {})
        of_relation = {field: row[field] for field in OF_RELATION}
        relations[name] = Relation(name=name, columns=columns[name], **of_relation)
        if row["name"] is not None:
            of_column = {field: row[field] for field in OF_COLUMN}
            columns[name][row["name"]] = SeenColumn(**of_column, refers_to=tuple(row["refers_to"]))
    return relations

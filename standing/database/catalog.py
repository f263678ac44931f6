"""What a schema of the database has now, read from PostgreSQL's catalogue."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from standing.contract.relations import NAMES, Relations, answer, question
from standing.database.catalog_sql import (
    CHILDREN,
    CONSTRAINTS,
    FUNCTIONS,
    INDEXES,
    OTHERS,
    OWN,
    PARTITIONS,
    ROW_BY_ROW,
    TABLES,
    TRIGGERS,
    UNLOGGED,
    VIRTUAL,
)
from standing.database.connect import STANDING_SCHEMA


@dataclass(frozen=True)
class FoundColumn:
    table: str
    name: str
    type: str
    required: bool
    default: str | None


@dataclass(frozen=True)
class FoundIndex:
    """An index; `columns` are its key columns, None where it indexes an expression."""

    table: str
    name: str
    columns: tuple[str | None, ...]
    valid: bool
    partial: bool
    unique: bool


@dataclass(frozen=True)
class FoundConstraint:
    """A constraint; `kind` is p, u, f or c as in pg_constraint."""

    table: str
    name: str
    kind: str
    columns: tuple[str, ...]
    validated: bool
    references: str | None


@dataclass(frozen=True)
class Partition:
    """A partition, at any depth, of `table`; `indexes` are (schema, index): valid, and attached to what."""

    table: str
    schema: str
    name: str
    parent: str
    leaf: bool
    foreign: bool
    indexes: dict[str, tuple[bool, str | None]]


@dataclass(frozen=True)
class Child:
    """A table that inherits from `table`, at any depth, and is no partition."""

    table: str
    schema: str
    name: str
    foreign: bool


@dataclass(frozen=True)
class FoundTrigger:
    """A trigger that calls a function of Standing's schema, wherever its table is.

    `type` is pg_trigger's bits. A `conditional` one has a condition, or fires only for statements that name
    a column (UPDATE OF), which misses what a BEFORE trigger writes. `cloned` ones came to a partition from
    its table; `root` is the table that has the table as a partition, or the table itself. `enabled` is O,
    A, D or R.
    """

    schema: str
    table: str
    root: str
    name: str
    function: str
    type: int
    conditional: bool
    enabled: str
    cloned: bool


@dataclass(frozen=True)
class Catalog:
    """The tables of one schema with what hangs on them.

    `tables` gives r for an ordinary and p for a partitioned one; partitions are not tables of their own
    here. `others` are names that views, sequences and the like occupy, with pg_class.relkind. `columns` are
    those of tables with declared names, a domain's as its base type, and `relations` all that can be read.
    `functions` are those of Standing's schema with their bodies, `own` its tables and columns.

    `virtual` are generated columns that are not stored, with the columns that they are made of. Of tables
    that are `row_by_row`, only triggers for each row see all changes; a crash empties `unlogged` ones.
    """

    schema: str
    tables: dict[str, str]
    others: dict[str, str] = field(default_factory=dict)
    partitions: tuple[Partition, ...] = ()
    columns: dict[tuple[str, str], FoundColumn] = field(default_factory=dict)
    indexes: dict[str, FoundIndex] = field(default_factory=dict)
    constraints: tuple[FoundConstraint, ...] = ()
    triggers: tuple[FoundTrigger, ...] = ()
    functions: dict[str, str] = field(default_factory=dict)
    own: frozenset[tuple[str, str]] = frozenset()
    virtual: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    children: tuple[Child, ...] = ()
    row_by_row: frozenset[str] = frozenset()
    unlogged: frozenset[str] = frozenset()
    relations: Relations = field(default_factory=dict)

    def has(self, table: str, column: str | None = None) -> bool:
        return table in self.tables if column is None else (table, column) in self.columns

    def partitioned(self, table: str) -> bool:
        return self.tables.get(table) == "p"

    def stored(self, table: str, columns: Iterable[str]) -> tuple[str, ...]:
        """The columns, virtual ones replaced by those that they are made of."""
        parts = (self.virtual.get((table, column), (column,)) for column in columns)
        return tuple(dict.fromkeys(column for part in parts for column in part))

    def leads(self, table: str, column: str) -> bool:
        """Whether a whole, valid index of the table begins with the column."""
        return any(
            index.table == table and index.valid and not index.partial and index.columns[:1] == (column,)
            for index in self.indexes.values()
        )

    def constraint(self, table: str, kind: str, columns: tuple[str, ...]) -> FoundConstraint | None:
        """The constraint of this kind on exactly these columns, in any order."""
        for one in self.constraints:
            if (one.table, one.kind) == (table, kind) and sorted(one.columns) == sorted(columns):
                return one
        return None


def rows(connection: Connection[Any], statement: str, **parameters: Any) -> list[dict[str, Any]]:
    """All rows as dictionaries."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement.encode(), parameters or None).fetchall()


def read_catalog(connection: Connection[Any], schema: str) -> Catalog:
    """The catalogue of `schema`, empty if there is no such schema."""
    read = _reader(connection, schema)
    return replace(
        read_followed(connection, schema, read_relations(connection, schema)),
        indexes={
            row["name"]: FoundIndex(**{**row, "columns": tuple(row["columns"])}) for row in read(INDEXES)
        },
        constraints=tuple(
            FoundConstraint(**{**row, "columns": tuple(row["columns"])}) for row in read(CONSTRAINTS)
        ),
        own=frozenset((row["table"], row["name"]) for row in read(OWN)),
    )


def read_relations(connection: Connection[Any], schema: str) -> Relations:
    """What can be read of the schema; see standing/contract/relations.py."""
    return answer(rows(connection, question(), schema=schema, names=NAMES))


def read_followed(connection: Connection[Any], schema: str, relations: Relations) -> Catalog:
    """The part of the catalogue that says whether changes are logged, over relations that are known."""
    read = _reader(connection, schema)
    return Catalog(
        schema=schema,
        tables={row["name"]: row["kind"] for row in read(TABLES)},
        others={row["name"]: row["kind"] for row in read(OTHERS)},
        partitions=tuple(
            Partition(**{**row, "indexes": {name: tuple(of) for name, of in row["indexes"].items()}})
            for row in read(PARTITIONS)
        ),
        columns={
            (name, column.name): FoundColumn(
                name, column.name, column.spelled, column.required, column.default
            )
            for name, relation in relations.items()
            if relation.is_table
            for column in relation.columns.values()
        },
        relations=relations,
        virtual={(row["table"], row["name"]): tuple(row["made_of"]) for row in read(VIRTUAL)},
        children=tuple(Child(**row) for row in read(CHILDREN)),
        row_by_row=frozenset(row["name"] for row in read(ROW_BY_ROW)),
        unlogged=frozenset(row["name"] for row in read(UNLOGGED)),
        triggers=tuple(FoundTrigger(**row) for row in read(TRIGGERS)),
        functions={row["name"]: row["body"] for row in read(FUNCTIONS)},
    )


def _reader(connection: Connection[Any], schema: str) -> Callable[[str], list[dict[str, Any]]]:
    quoted = '"' + schema.replace('"', '""') + '"'
    return lambda statement: rows(connection, statement, schema=quoted, own=STANDING_SCHEMA)

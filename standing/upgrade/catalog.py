"""What a schema of the database has now, read from PostgreSQL's catalogue."""

from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row


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
class Catalog:
    """The tables of one schema with what hangs on them.

    `tables` gives r for an ordinary and p for a partitioned one; partitions are not tables of their own
    here. `others` are names that views, sequences and the like occupy, `enums` the names of enum types.
    """

    schema: str
    tables: dict[str, str]
    others: frozenset[str] = frozenset()
    enums: frozenset[str] = frozenset()
    partitions: tuple[Partition, ...] = ()
    columns: dict[tuple[str, str], FoundColumn] = field(default_factory=dict)
    indexes: dict[str, FoundIndex] = field(default_factory=dict)
    constraints: tuple[FoundConstraint, ...] = ()

    def has(self, table: str, column: str | None = None) -> bool:
        return table in self.tables if column is None else (table, column) in self.columns

    def partitioned(self, table: str) -> bool:
        return self.tables.get(table) == "p"

    def leads(self, table: str, column: str) -> bool:
        """Whether a whole, valid index of the table begins with the column."""
        return any(
            index.table == table and index.valid and not index.partial and index.columns[:1] == (column,)
            for index in self.indexes.values()
        )

    def constraint(self, table: str, kind: str, columns: tuple[str, ...]) -> FoundConstraint | None:
        """The constraint of this kind on exactly these columns, in any order."""
        for found in self.constraints:
            if (found.table, found.kind) == (table, kind) and sorted(found.columns) == sorted(columns):
                return found
        return None


TABLES = """
select c.relname as name, c.relkind::text as kind
from pg_class as c
where c.relnamespace = to_regnamespace(%(schema)s)
    and c.relkind in ('r', 'p') and not c.relispartition
"""

OTHERS = """
select c.relname as name
from pg_class as c
where c.relnamespace = to_regnamespace(%(schema)s) and c.relkind not in ('r', 'p', 'i', 'I')
"""

ENUMS = "select format_type(oid, null) as name from pg_type where typtype = 'e'"

PARTITIONS = """
select
    root.relname as "table", n.nspname as schema, c.relname as name, up.relname as parent,
    t.isleaf as leaf, c.relkind = 'f' as "foreign",
    coalesce((
        select jsonb_object_agg(i.relname, jsonb_build_array(x.indisvalid, above.relname))
        from pg_index as x
        join pg_class as i on i.oid = x.indexrelid
        left join pg_inherits as h on h.inhrelid = x.indexrelid
        left join pg_class as above on above.oid = h.inhparent
        where x.indrelid = c.oid
    ), '{}') as indexes
from pg_class as root
cross join lateral pg_partition_tree(root.oid) as t
join pg_class as c on c.oid = t.relid
join pg_class as up on up.oid = t.parentrelid
join pg_namespace as n on n.oid = c.relnamespace
where root.relnamespace = to_regnamespace(%(schema)s) and root.relkind = 'p' and not root.relispartition
order by root.relname, t.level, n.nspname, c.relname
"""

COLUMNS = """
select
    c.relname as "table", a.attname as name,
    format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
    pg_get_expr(d.adbin, d.adrelid) as "default"
from pg_class as c
join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
where c.relnamespace = to_regnamespace(%(schema)s) and c.relkind in ('r', 'p') and not c.relispartition
"""

INDEXES = """
select
    c.relname as "table", i.relname as name,
    array(
        select a.attname::text
        from unnest(x.indkey) with ordinality as k(number, position)
        left join pg_attribute as a on a.attrelid = x.indrelid and a.attnum = k.number and k.number > 0
        where k.position <= x.indnkeyatts
        order by k.position
    ) as columns,
    x.indisvalid as valid, x.indpred is not null as partial, x.indisunique as "unique"
from pg_index as x
join pg_class as c on c.oid = x.indrelid
join pg_class as i on i.oid = x.indexrelid
where c.relnamespace = to_regnamespace(%(schema)s)
"""

CONSTRAINTS = """
select
    c.relname as "table", k.conname as name, k.contype::text as kind,
    array(
        select a.attname::text
        from unnest(k.conkey) with ordinality as u(number, position)
        join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = u.number
        order by u.position
    ) as columns,
    k.convalidated as validated, r.relname as "references"
from pg_constraint as k
join pg_class as c on c.oid = k.conrelid
left join pg_class as r on r.oid = k.confrelid
where c.relnamespace = to_regnamespace(%(schema)s)
    and k.contype in ('p', 'u', 'f', 'c') and k.conparentid = 0
"""


def rows(connection: Connection[Any], statement: str, **parameters: Any) -> list[dict[str, Any]]:
    """All rows as dictionaries."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement.encode(), parameters or None).fetchall()


def read_catalog(connection: Connection[Any], schema: str) -> Catalog:
    """The catalogue of `schema`, empty if there is no such schema."""
    quoted = '"' + schema.replace('"', '""') + '"'

    def read(statement: str) -> list[dict[str, Any]]:
        return rows(connection, statement, schema=quoted)

    return Catalog(
        schema=schema,
        tables={row["name"]: row["kind"] for row in read(TABLES)},
        others=frozenset(row["name"] for row in read(OTHERS)),
        enums=frozenset(row["name"] for row in rows(connection, ENUMS)),
        partitions=tuple(
            Partition(**{**row, "indexes": {name: tuple(of) for name, of in row["indexes"].items()}})
            for row in read(PARTITIONS)
        ),
        columns={(row["table"], row["name"]): FoundColumn(**row) for row in read(COLUMNS)},
        indexes={
            row["name"]: FoundIndex(**{**row, "columns": tuple(row["columns"])}) for row in read(INDEXES)
        },
        constraints=tuple(
            FoundConstraint(**{**row, "columns": tuple(row["columns"])}) for row in read(CONSTRAINTS)
        ),
    )

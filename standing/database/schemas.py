"""What schemas have: columns, what constraints promise, and the relations of a build."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from standing.database.connect import rows

#: table → column → type name
Columns = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Application:
    """The application's schema at one moment; `promises` are what constraints promise of single columns."""

    schema: str
    columns: Columns
    promises: tuple[str, ...] = ()


def read_application(connection: Connection, schema: str) -> Application:
    return Application(
        schema, application_columns(connection, schema), application_promises(connection, schema)
    )


def application_columns(connection: Connection, schema: str) -> Columns:
    """Table → column → type name, for every table, view and partitioned table of the schema."""
    columns: Columns = {}
    statement = (
        "select c.relname as table, a.attname as column, format_type(a.atttypid, a.atttypmod) as type"
        " from pg_class as c join pg_namespace as n on n.oid = c.relnamespace"
        " join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
        " where n.nspname = :schema and c.relkind in ('r', 'p', 'v', 'm', 'f')"
    )
    for row in rows(connection, statement, schema=schema):
        columns.setdefault(row["table"], {})[row["column"]] = row["type"]
    return columns


def application_promises(connection: Connection, schema: str) -> tuple[str, ...]:
    """What constraints promise of single columns, as "table.column kind"; models check the rest."""
    statement = (
        "select tables.relname || '.' || columns.attname || ' ' || constraints.contype::text as promise"
        " from pg_constraint as constraints join pg_class as tables on tables.oid = constraints.conrelid"
        " join pg_attribute as columns on columns.attrelid = tables.oid"
        " and columns.attnum = constraints.conkey[1]"
        " where tables.relnamespace = to_regnamespace(quote_ident(:schema)) and constraints.convalidated"
        " and cardinality(constraints.conkey) = 1 and (constraints.contype = 'f'"
        " or constraints.contype in ('p', 'u') and not constraints.condeferrable)"
        " union all select tables.relname || '.' || columns.attname || ' not null' from pg_class as tables"
        " join pg_attribute as columns on columns.attrelid = tables.oid"
        " where tables.relnamespace = to_regnamespace(quote_ident(:schema))"
        " and tables.relkind in ('r', 'p')"
        " and columns.attname = 'thread_id' and columns.attnotnull order by 1"
    )
    return tuple(row["promise"] for row in rows(connection, statement, schema=schema))


def relations(connection: Connection, schema: str) -> frozenset[str]:
    """The tables and views of a schema; none where there is no such schema."""
    statement = text(
        "select relname from pg_class where relnamespace = to_regnamespace(quote_ident(:schema))"
        " and relkind in ('r', 'p', 'v', 'm', 'f')"
    )
    return frozenset(connection.scalars(statement, {"schema": schema}))

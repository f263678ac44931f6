"""What the database has, read from its catalog before anything is counted."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import URL, Connection, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from expectations.verdict import AuditError, AuditScope
from standing.contract.application import FITTING
from standing.contract.fitness import Misfit, misfits
from standing.contract.relations import NAMES, Relations, answer, question

#: The columns of the build and of Standing's own schema, by path; those of the application are asked for by
#: standing/contract/relations.py.
COLUMNS = """
    select
        case namespaces.nspname when :build then 'build:' else 'standing:' end
            || relations.relname || '.' || attributes.attname as path,
        pg_catalog.format_type(attributes.atttypid, null) as type
    from pg_catalog.pg_attribute as attributes
    inner join pg_catalog.pg_class as relations on relations.oid = attributes.attrelid
    inner join pg_catalog.pg_namespace as namespaces on namespaces.oid = relations.relnamespace
    where namespaces.nspname in (:build, 'standing')
      and relations.relkind in ('r', 'p', 'v', 'm', 'f')
      and attributes.attnum > 0
      and not attributes.attisdropped
"""


@dataclass(frozen=True)
class Catalog:
    """Columns by path with their types, and what constraints promise.

    A path is "orders.id", "build:seller_tiers.document" or "standing:runs.summary"; a reference is
    "orders.buyer_id users.id". `misfits` are why sources cannot be read whole; those that are `read_only`
    are views or foreign tables, which the upgrade leaves as they are.
    """

    types: dict[str, str]
    unique: frozenset[str] = frozenset()
    references: frozenset[str] = frozenset()
    misfits: tuple[Misfit, ...] = ()
    read_only: frozenset[str] = frozenset()

    def usable(self, path: str) -> bool:
        """It exists and, if the contract asks for it, has a type that fits."""
        existing = self.types.get(path)
        return existing is not None and existing in FITTING.get(path, (existing,))


def audit_url(scope: AuditScope) -> URL:
    """The scope's URL for psycopg 3.

    Its connections only read, and read times without zone as the run does.
    """
    fix = "set DATABASE_URL like postgresql://user:password@host:5432/database"
    try:
        url = make_url(scope.url)
    except (ArgumentError, ValueError):
        raise AuditError("the audit was given no database URL", fix) from None
    if url.get_backend_name() != "postgresql":
        raise AuditError(f"the audit was given a {url.get_backend_name()} URL", fix)
    given = url.query.get("options", "")
    # A scan's many small tests take longer to compile than to run: without JIT it is twice as fast.
    # What row security would hide is an error, and no row too few.
    ours = (
        "-c default_transaction_read_only=on -c jit=off -c row_security=off"
        f" -c timezone={scope.source_time_zone}"
    )
    url = url.update_query_dict(
        {"options": f"{given} {ours}".strip(), "application_name": "standing audit"}
    )
    return url.set(drivername="postgresql+psycopg")


def first_line_of(error: DBAPIError) -> str:
    """The server's own first line with its code, without statement or parameters."""
    line = (str(error.orig).strip().splitlines() or [type(error.orig).__name__])[0]
    code = getattr(error.orig, "sqlstate", None)
    return f"{line} ({code})" if code else line


def unreadable(scope: AuditScope, error: BaseException | None) -> AuditError:
    """What to say where the database refuses a connection or goes away."""
    url = audit_url(scope)
    host = url.query.get("host") or url.host or "the local socket"
    where = f"{host}:{url.port or 5432}, database {url.database!r}"
    says = first_line_of(error) if isinstance(error, DBAPIError) else type(error).__name__
    return AuditError(f"the audit cannot read {where}: {says}", "check DATABASE_URL and the server")


@contextmanager
def reading(scope: AuditScope) -> Iterator[Connection]:
    """A connection that only reads; raises AuditError where there is none, or no longer one."""
    url = audit_url(scope)
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        raise unreadable(scope, error) from None
    finally:
        engine.dispose()


def read_catalog(scope: AuditScope) -> Catalog:
    """Columns and promises of the schemas; raises AuditError where there is no connection."""
    with reading(scope) as connection:
        return catalog_of(scope, connection)


def catalog_of(scope: AuditScope, connection: Connection) -> Catalog:
    """As `read_catalog`, by a connection that there is."""
    schema = scope.application_schema
    columns = connection.execute(text(COLUMNS), {"build": scope.build_schema}).all()
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    with driver.cursor(row_factory=dict_row) as cursor:
        cursor.execute(question().encode(), {"schema": schema, "names": NAMES})
        relations = answer(cursor.fetchall())
    types = {str(path): str(kind) for path, kind in columns}
    promised = [
        (f"{relation.name}.{column.name}", column)
        for relation in relations.values()
        if relation.is_table and not relation.has_children
        for column in relation.columns.values()
    ]
    return Catalog(
        types | _readable(relations),
        frozenset(path for path, column in promised if column.is_unique),
        frozenset(f"{path} {parent}" for path, column in promised for parent in column.refers_to),
        tuple(misfits(relations, schema)),
        frozenset(relation.name for relation in relations.values() if not relation.is_table),
    )


def _readable(relations: Relations) -> dict[str, str]:
    return {
        f"{relation.name}.{column.name}": column.type
        for relation in relations.values()
        if relation.is_reachable
        for column in relation.columns.values()
        if column.is_readable
    }

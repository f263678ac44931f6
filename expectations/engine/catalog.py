"""What the database has, read from its catalog before anything is counted."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import URL, Connection, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

from expectations.verdict import AuditError, AuditScope
from standing.contract.application import FITTING

COLUMNS = """
    select
        case namespaces.nspname when :application then '' when :build then 'build:' else 'standing:' end
            || relations.relname || '.' || attributes.attname as path,
        case when types.typtype = 'e' then 'enum' else coalesce(bases.typname, types.typname) end as type
    from pg_catalog.pg_attribute as attributes
    inner join pg_catalog.pg_class as relations on relations.oid = attributes.attrelid
    inner join pg_catalog.pg_namespace as namespaces on namespaces.oid = relations.relnamespace
    inner join pg_catalog.pg_type as types on types.oid = attributes.atttypid
    left join pg_catalog.pg_type as bases on bases.oid = types.typbasetype
    where namespaces.nspname in (:application, :build, 'standing')
      and relations.relkind in ('r', 'p', 'v', 'm', 'f')
      and attributes.attnum > 0
      and not attributes.attisdropped
"""

UNIQUE = """
    select relations.relname || '.' || attributes.attname as path
    from pg_catalog.pg_index as indexes
    inner join pg_catalog.pg_class as relations on relations.oid = indexes.indrelid
    inner join pg_catalog.pg_namespace as namespaces on namespaces.oid = relations.relnamespace
    inner join pg_catalog.pg_attribute as attributes
        on attributes.attrelid = relations.oid and attributes.attnum = indexes.indkey[0]
    where namespaces.nspname = :application
      and indexes.indisunique
      and indexes.indisvalid
      and indexes.indimmediate
      and indexes.indnkeyatts = 1
      and indexes.indpred is null
"""

REFERENCES = """
    select
        relations.relname || '.' || attributes.attname || ' '
            || targets.relname || '.' || keys.attname as path
    from pg_catalog.pg_constraint as constraints
    inner join pg_catalog.pg_class as relations on relations.oid = constraints.conrelid
    inner join pg_catalog.pg_class as targets on targets.oid = constraints.confrelid
    inner join pg_catalog.pg_namespace as namespaces on namespaces.oid = relations.relnamespace
    inner join pg_catalog.pg_attribute as attributes
        on attributes.attrelid = relations.oid and attributes.attnum = constraints.conkey[1]
    inner join pg_catalog.pg_attribute as keys
        on keys.attrelid = targets.oid and keys.attnum = constraints.confkey[1]
    where namespaces.nspname = :application
      and targets.relnamespace = relations.relnamespace
      and constraints.contype = 'f'
      and constraints.convalidated
      and array_length(constraints.conkey, 1) = 1
"""


@dataclass(frozen=True)
class Catalog:
    """Columns by path with their types, and what constraints promise.

    A path is "orders.id", "build:seller_tiers.document" or "standing:runs.summary"; a reference is
    "orders.buyer_id users.id".
    """

    types: dict[str, str]
    unique: frozenset[str]
    references: frozenset[str]

    def usable(self, path: str) -> bool:
        """It exists and, if the contract asks for it, has a type that fits."""
        existing = self.types.get(path)
        return existing is not None and existing in FITTING.get(path, {existing})

    def has_table(self, table: str) -> bool:
        return any(path.startswith(f"{table}.") for path in self.types)


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
    ours = f"-c default_transaction_read_only=on -c jit=off -c timezone={scope.source_time_zone}"
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
def _connection(scope: AuditScope) -> Iterator[Connection]:
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
    """Columns and promises of both schemas; raises AuditError where there is no connection."""
    names = {"application": scope.application_schema, "build": scope.build_schema}
    with _connection(scope) as connection:
        columns = connection.execute(text(COLUMNS), names).all()
        types = {str(path): str(kind) for path, kind in columns}
        unique = connection.scalars(text(UNIQUE), {"application": scope.application_schema}).all()
        references = connection.scalars(text(REFERENCES), {"application": scope.application_schema}).all()
    return Catalog(types, frozenset(unique), frozenset(references))

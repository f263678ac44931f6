"""One SQLAlchemy engine to the application's database: PostgreSQL 15 to 18, psycopg 3, in UTC."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

import psycopg
from sqlalchemy import URL, Engine, create_engine, make_url, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from standing.database.embedded import Server
from standing.errors import DatabaseUnreachable, NotUpgraded, SettingError, StandingError, UnfitDatabase
from standing.settings import Settings

SUPPORTED_VERSIONS = range(15, 19)
#: Standing's own schema: runs, history, what the upgrade created.
STANDING_SCHEMA = "standing"
#: The last revision in migrations/versions: a database that has it is upgraded.
LAST_REVISION = "change_log"


def database_url(settings: Settings) -> URL:
    """Where the application's data is; starts the embedded server when no DATABASE_URL is set."""
    if settings.database_url is None:
        server = Server(settings.home)
        server.start()
        return make_url(server.url())
    return parse_url(settings.database_url)


def parse_url(given: str) -> URL:
    """A URL for psycopg 3 from any of the usual spellings; raises SettingError (password not shown)."""
    example = "set it like postgresql://user:password@host:5432/database"
    try:
        url = make_url(given.replace("postgres://", "postgresql://", 1))
    except (ArgumentError, ValueError):
        raise SettingError("DATABASE_URL is not a URL, or its port is no number", example) from None
    if "@" in (url.host or ""):
        raise SettingError("DATABASE_URL has more than one @", "write an @ of the password as %40")
    if url.get_backend_name() != "postgresql":
        raise SettingError(f"DATABASE_URL is for {url.get_backend_name()}, not PostgreSQL", example)
    if not url.database:
        raise SettingError("DATABASE_URL names no database", example)
    if url.host is None:  # a socket folder in the query, or the default socket
        url = url.set(host="localhost") if "host" in url.query else url
    return url.set(drivername="postgresql+psycopg")


@contextmanager
def connect(settings: Settings) -> Iterator[Engine]:
    """An engine that is known to work, disposed of at the end.

    Raises DatabaseUnreachable naming host and database, or SettingError for an unsupported server.
    """
    url = database_url(settings)
    engine = make_engine(url)
    try:
        version = _version(engine)
        if version not in SUPPORTED_VERSIONS:
            raise SettingError(
                f"the server is PostgreSQL {version}; Standing needs 15 to 18", "upgrade the server"
            )
        yield engine
    finally:
        engine.dispose()


def _version(engine: Engine) -> int:
    try:
        with engine.connect() as connection:
            return int(connection.scalar(text("show server_version_num"))) // 10000
    except OperationalError as error:
        fix = "check DATABASE_URL, or unset it to use the embedded server"
        raise unreachable(engine.url, error, fix_of(server_message(error), fix)) from None


def unreachable(url: URL, error: OperationalError, fix: str) -> DatabaseUnreachable:
    """What to say of a database that refused a connection."""
    where = f"{url.host or 'the local socket'}:{url.port or 5432}, database {url.database!r}"
    return DatabaseUnreachable(f"cannot connect to {where}: {server_message(error)}", fix)


def make_engine(url: URL) -> Engine:
    """An engine whose connections speak UTC and read JSON numbers exactly."""
    return create_engine(
        url,
        connect_args={"options": "-c timezone=UTC -c random_page_cost=1.1", "application_name": "standing"},
        json_serializer=lambda value: json.dumps(value, ensure_ascii=False),
        pool_pre_ping=True,
        max_overflow=-1,  # as many as there are threads
    )


def shown(url: URL) -> str:
    """A URL that psql takes, too, without its password."""
    return unquote(url.set(drivername="postgresql", password=None).render_as_string())


def require_upgraded(connection: Connection, settings: Settings) -> None:
    """Raise UnfitDatabase without a marketplace, NotUpgraded where `standing migrate` has not ended."""
    schema = settings.application_schema
    found = connection.scalar(
        text(
            "select 1 from information_schema.tables where table_schema = :schema and table_name = 'users'"
        ),
        {"schema": schema},
    )
    if not found:
        raise UnfitDatabase(
            f"schema {schema!r} has no table users",
            "set STANDING_APPLICATION_SCHEMA or DATABASE_URL; `standing load simulated` makes one to try",
        )
    versions = f"{STANDING_SCHEMA}.alembic_version"
    if not relation_exists(connection, versions):
        raise NotUpgraded("this database is not upgraded", "standing migrate")
    reached = connection.scalar(text(f"select version_num from {versions}"))
    if reached != LAST_REVISION:
        raise NotUpgraded(
            f"the upgrade of this database has come as far as {reached or 'nothing'!r}", "standing migrate"
        )


def server_message(error: DBAPIError | psycopg.Error) -> str:
    """The server's own first line, without statement or parameters."""
    said = str(error.orig if isinstance(error, DBAPIError) else error).strip() or type(error).__name__
    return " ".join(said.splitlines()[0].split())


#: Limits that a server may set itself, by how it says that one was reached.
LIMITS = {"statement timeout": "statement_timeout", "lock timeout": "lock_timeout"}


def fix_of(message: str, otherwise: str) -> str:
    """What helps against what a server said: which of its limits was reached, or else what is given."""
    for said, name in LIMITS.items():
        if said in message:
            return (
                f"raise {name} for the role or the database (`alter role … set {name} = …`);"
                f" standing psql -- -c 'show {name}' says what it is"
            )
    return otherwise


def refused(error: DBAPIError | psycopg.Error) -> StandingError:
    """What to say of a statement whose failure nothing foresaw, and what helps."""
    message = server_message(error)
    if _is_gone(error.orig if isinstance(error, DBAPIError) else error):
        return DatabaseUnreachable(
            f"the connection to the database was lost: {message}",
            "see that the server of DATABASE_URL is up (`standing up` starts the embedded one),"
            " then run the"
            " command again",
        )
    fix = "`standing preflight` says what the database lacks; mend that, then run the command again"
    return StandingError(f"the database refused: {message}", fix_of(message, fix))


def _is_gone(error: BaseException | None) -> bool:
    """Whether there is no server to ask any more: it said nothing, or that it ends, or the line broke."""
    return isinstance(error, psycopg.OperationalError) and (error.sqlstate or "08").startswith(
        ("08", "57P")
    )


def rows(connection: Connection, statement: str, **parameters: Any) -> list[dict[str, Any]]:
    """All rows of a statement as dictionaries."""
    return [dict(row) for row in connection.execute(text(statement), parameters).mappings()]


def relation_exists(connection: Connection, name: str) -> bool:
    """Whether there is a table or view of this name, written as in SQL."""
    return connection.scalar(text("select to_regclass(:name)"), {"name": name}) is not None

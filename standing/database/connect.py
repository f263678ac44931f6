"""One SQLAlchemy engine to the application's database: PostgreSQL 15 to 18, psycopg 3, in UTC."""

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from standing.database.conninfo import (
    ENVIRONMENT,
    forget_session_variables,
    missing_service,
    place,
    require_passed_on,
    resolved,
    to_url,
)
from standing.database.embedded import Server
from standing.database.session_settings import (
    ENCODING,
    dropped,
    fix_at_connect,
    fix_of,
    pinned,
    with_code,
    with_settings,
)
from standing.database.url import read
from standing.errors import DatabaseUnreachable, SettingError, StandingError
from standing.settings import Settings

SUPPORTED_VERSIONS = range(15, 19)
#: Standing's own schema: runs, history, what the upgrade created.
STANDING_SCHEMA = "standing"
#: The last revision in migrations/versions: a database that has it is upgraded.
LAST_REVISION = "points"
#: Classes of errors whose detail names tables and columns alone: unsupported, wrongly defined, wrong state.
OF_DEFINITIONS = ("0A", "42", "55")


def database_url(settings: Settings) -> URL:
    """Where the application's data is; starts the embedded server when no DATABASE_URL is set.

    Every parameter is named, as the server was reached with it.
    """
    forget_session_variables()
    if settings.database_url is not None:
        return reach(
            read(settings.database_url), "check DATABASE_URL, or unset it to use the embedded server"
        )
    for name in ENVIRONMENT & set(os.environ):  # the server is ours: nobody's environment leads elsewhere
        del os.environ[name]
    server = Server(settings.home)
    server.start()
    return reach(
        server.parameters(), f"read {server.log}; `standing down`, then `standing up` start it afresh"
    )


def reach(given: Mapping[str, str], fix: str) -> URL:
    """Connect once and write down how, for all clients: of several hosts the one that answered, a password
    from a file, what the environment and a service said, and our own session settings.

    Raises DatabaseUnreachable naming host and database, with the fix, or SettingError for an unsupported
    server.
    """
    wanted = {**resolved(given), "client_encoding": ENCODING}
    require_passed_on(wanted)
    try:
        with psycopg.connect(make_conninfo("", **wanted)) as connection:
            info = connection.info
            reached = {
                "host": info.host,
                "port": str(info.port),
                "user": info.user,
                "dbname": info.dbname,
                "password": info.password,
                "hostaddr": info.hostaddr if "hostaddr" in wanted else "",
            }
            release = info.server_version
            is_encrypted = connection.pgconn.ssl_in_use
    except psycopg.Error as error:
        if missing := missing_service(wanted, server_message(error)):
            raise missing from None
        raise unreachable(to_url(wanted), error, fix_at_connect(server_message(error), fix)) from None
    if release // 10000 not in SUPPORTED_VERSIONS:
        raise SettingError(
            f"the server is PostgreSQL {release // 10000}; Standing needs 15 to 18", "upgrade the server"
        )
    settled = {"service", "passfile", "load_balance_hosts", *reached}
    others = {name: value for name, value in wanted.items() if name not in settled}
    named = {name: value for name, value in reached.items() if value}
    if is_encrypted and others.get("sslmode", "prefer") in ("allow", "prefer"):
        others["sslmode"] = "require"  # a client that has no TLS would go without in silence
    return with_settings(to_url({**others, **named}), pinned(release))


@contextmanager
def connect(settings: Settings) -> Iterator[Engine]:
    """An engine that is known to work, disposed of at the end.

    Raises DatabaseUnreachable naming host and database, or SettingError for an unsupported server and for a
    pooler that drops our session settings where DATABASE_URL_DIRECT does not lead past it.
    """
    engine = _with_our_settings(database_url(settings), settings.database_url_direct)
    try:
        yield engine
    finally:
        engine.dispose()


def _with_our_settings(url: URL, direct: str | None) -> Engine:
    """An engine whose sessions have our settings: past a pooler that drops or refuses them."""
    engine = make_engine(url)
    try:
        lost = dropped(engine)
    except OperationalError as error:
        lost = server_message(error)
        if "options" not in lost and "startup parameter" not in lost:
            engine.dispose()
            fix = "see why the server refuses a second connection"
            raise unreachable(url, error, fix_at_connect(lost, fix)) from None
    if not lost:
        return engine
    engine.dispose()
    if direct is None:
        raise SettingError(
            f"DATABASE_URL leads through a pooler that drops our session settings: {lost}",
            "set DATABASE_URL_DIRECT to the database's own address, past the pooler",
        )
    own = make_engine(reach_direct(direct))
    pooled = create_engine(url.difference_update_query(["options"]), poolclass=NullPool)
    try:
        _require_same_database(pooled, own)
        if lost := dropped(own):
            raise SettingError(
                f"DATABASE_URL_DIRECT leads through a pooler that drops our session settings: {lost}",
                "set DATABASE_URL_DIRECT to the database's own address, past the pooler",
            )
    except BaseException:
        own.dispose()
        raise
    return own


def reach_direct(given: str) -> URL:
    """Where DATABASE_URL_DIRECT leads."""
    return reach(
        read(given, "DATABASE_URL_DIRECT"), "check DATABASE_URL_DIRECT, or DATABASE_URL without it"
    )


def _require_same_database(one: Engine, other: Engine) -> None:
    """A lock that one takes is seen by the other."""
    key = secrets.randbits(62)
    seen = (
        "select exists (select from pg_locks where locktype = 'advisory' and objsubid = 1"
        " and database = (select oid from pg_database where datname = current_database())"
        " and classid::bigint << 32 | objid::bigint = :key)"
    )
    with one.begin() as holding, other.connect() as looking:
        holding.execute(text("select pg_advisory_xact_lock(:key)"), {"key": key})
        if not looking.scalar(text(seen), {"key": key}):
            raise elsewhere()


def elsewhere() -> SettingError:
    return SettingError(
        "DATABASE_URL_DIRECT leads to another database than DATABASE_URL",
        "set DATABASE_URL_DIRECT to the same server and database as DATABASE_URL, past the pooler",
    )


def unreachable(url: URL, error: OperationalError | psycopg.Error, fix: str) -> DatabaseUnreachable:
    """What to say of a database that refused a connection."""
    where = f"{place(url)}, database {url.database!r}"
    return DatabaseUnreachable(f"cannot connect to {where}: {server_message(error)}", fix)


def make_engine(url: URL) -> Engine:
    """An engine that reads JSON numbers exactly, with the session settings of a URL that was reached."""
    return create_engine(
        url,
        connect_args={
            "options": with_settings(url, {"random_page_cost": "1.1"}).query["options"],
            "application_name": "standing",
        },
        json_serializer=lambda value: json.dumps(value, ensure_ascii=False),
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",  # a serializable one may have the application's refused
        max_overflow=-1,  # as many as there are threads
    )


def server_message(error: DBAPIError | psycopg.Error) -> str:
    """The server's own first line, without statement or parameters.

    With its code where a limit was reached, and its detail where that is about definitions: of other errors
    it may have values of rows.
    """
    cause = error.orig if isinstance(error, DBAPIError) else error
    said = str(cause).strip() or type(error).__name__
    code = getattr(cause, "sqlstate", None) or ""
    detail = cause.diag.message_detail if isinstance(cause, psycopg.Error) else None
    because = f": {detail}" if detail and code.startswith(OF_DEFINITIONS) else ""
    return with_code(" ".join((said.splitlines()[0] + because).split()), code)


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

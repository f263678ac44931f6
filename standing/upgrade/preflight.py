"""`standing preflight`: a checklist before the upgrade, made in one transaction that only reads.

Where the database has event triggers, a second one makes a schema and a table and is rolled back.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from standing.database.catalog import read_catalog
from standing.database.connect import server_message
from standing.errors import UnfitDatabase
from standing.settings import Settings
from standing.text import plural
from standing.upgrade import dry_run, revisions
from standing.upgrade.checks import (
    change_log,
    limits,
    meaning,
    publications,
    roles,
    schemas,
    server,
    space,
    widths,
)
from standing.upgrade.checks.server import Check


def preflight(settings: Settings, engine: Engine, backup: Path | None = None) -> list[Check]:
    """All checks, in the order to read them."""
    pooled = engine.raw_connection()
    try:
        connection: Connection[Any] = pooled.driver_connection  # type: ignore[assignment]
        connection.execute("set transaction isolation level repeatable read, read only")
        checks = _all(connection, settings, backup)
        connection.rollback()
        tried = _tried(connection, settings, checks)
        return [*checks, *tried, *_answered(connection, "upgrade", _progress, settings, engine)]
    finally:
        pooled.close()


def go(checks: list[Check]) -> bool:
    """Whether nothing forbids the upgrade."""
    return all(check.state != "no-go" for check in checks)


def stops(checks: list[Check]) -> list[str]:
    """The checks at which a first run would stop."""
    return list(dict.fromkeys(check.name for check in checks if check.stops_run))


def verdict(checks: list[Check]) -> str:
    """The last line of the list."""
    stopped = ", ".join(stops(checks))
    return ("go" if go(checks) else "no-go") + (f"; a first run will stop: {stopped}" if stopped else "")


def _all(connection: Connection[Any], settings: Settings, backup: Path | None) -> list[Check]:
    catalog = read_catalog(connection, settings.application_schema)
    role = roles.role_of(connection)

    def asked(name: str, check: Callable[..., Iterable[Check]], *arguments: Any) -> list[Check]:
        return _answered(connection, name, check, connection, *arguments)

    checks = [
        *asked("server version", server.server),
        *asked("encoding", limits.forbidden),
        *asked("tables", server.tables, catalog),
        *asked("schemas", schemas.schemas, settings),
    ]
    if not catalog.has("users"):
        return checks
    checks += asked("may upgrade", roles.may_upgrade, catalog, role)
    checks += asked("may run", roles.may_run, settings, role)
    checks += asked("triggers", server.triggers, catalog)
    checks += asked("change log", change_log.change_log, catalog, settings)
    checks += asked("publications", publications.publications, catalog)
    checks += asked("transactions", server.transactions)
    checks += asked("limits", limits.limits, catalog, settings)
    checks += asked("free space", space.space, catalog)
    if go([check for check in checks if check.name == "tables"]):
        checks += asked("rows", space.quarantine, catalog)
        checks += asked("meaning", meaning.meaning, catalog)
        checks += asked("row width", widths.widths, catalog)
    return [*checks, *space.readable_backup(backup)]


def _answered(
    connection: Connection[Any], name: str, check: Callable[..., Iterable[Check]], *arguments: Any
) -> list[Check]:
    """What a check says; where the role may not ask the server that, this is said, and others go on."""
    try:
        with connection.transaction():
            return list(check(*arguments))
    except (psycopg.Error, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if not isinstance(cause, psycopg.errors.InsufficientPrivilege):
            raise
        fix = "connect as the tables' owner to know it"
        return [Check(name, "warning", f"not known: {server_message(error)}", fix)]


def _tried(connection: Connection[Any], settings: Settings, checks: list[Check]) -> list[Check]:
    """What event triggers say can be found by trying alone; it is taken back."""
    fires = any(check.name == "event triggers" for check in checks)
    return list(limits.may_make(connection, settings.application_schema)) if fires and go(checks) else []


def _progress(settings: Settings, engine: Engine) -> list[Check]:
    """How far the upgrade has come, by the plan that `standing migrate --dry-run` prints."""
    done = revisions.present(engine)
    if done is None:
        return []
    if done != revisions.latest():
        return [
            Check("upgrade", "note", f"was begun and stopped after {done!r}; `standing migrate` goes on")
        ]
    try:
        missing = len(dry_run.plan(settings, engine))
    except UnfitDatabase:
        return [
            Check("upgrade", "note", "was done; `standing migrate` refuses until what is no-go is mended")
        ]
    if not missing:
        return [Check("upgrade", "note", "is done: `standing migrate` would find nothing to do")]
    message = f"was done; `standing migrate` has {plural(missing, 'step')} to take since"
    return [Check("upgrade", "note", message, "standing migrate --dry-run shows what it would do")]

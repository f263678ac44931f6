"""`standing preflight`: a checklist before the upgrade, made in one transaction that only reads.

Where the database has event triggers, a second one makes a schema and a table and is rolled back.
"""

from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection
from sqlalchemy import Engine

from standing.database.catalog import read_catalog
from standing.errors import StandingError, UnfitDatabase
from standing.settings import Settings
from standing.text import plural
from standing.upgrade import dry_run, revisions
from standing.upgrade.checks import (
    change_log,
    limits,
    meaning,
    publications,
    schemas,
    server,
    space,
    widths,
)
from standing.upgrade.checks.server import Check


def preflight(settings: Settings, engine: Engine, backup: Path | None = None) -> list[Check]:
    """All checks, in the order to read them. Raises StandingError if one may not read what it needs."""
    pooled = engine.raw_connection()
    try:
        connection: Connection[Any] = pooled.driver_connection  # type: ignore[assignment]
        connection.execute("set transaction isolation level repeatable read, read only")
        checks = _all(connection, settings, backup)
        connection.rollback()
        return [*checks, *_tried(connection, settings, checks), *_progress(settings, engine)]
    except psycopg.errors.InsufficientPrivilege as error:
        reason = str(error).splitlines()[0]
        raise StandingError(f"preflight may not read: {reason}", "connect as the tables' owner") from None
    finally:
        pooled.close()


def go(checks: list[Check]) -> bool:
    """Whether nothing forbids the upgrade."""
    return all(check.state != "no-go" for check in checks)


def _all(connection: Connection[Any], settings: Settings, backup: Path | None) -> list[Check]:
    catalog = read_catalog(connection, settings.application_schema)
    checks = [
        *server.server(connection),
        *limits.forbidden(connection),
        *server.tables(connection, catalog),
    ]
    checks += schemas.schemas(connection, settings)
    if not catalog.has("users"):
        return checks
    checks += server.privileges(connection, catalog)
    checks += server.triggers(connection, catalog)
    checks += change_log.change_log(connection, catalog, settings)
    checks += publications.publications(connection, catalog)
    checks += server.transactions(connection)
    checks += limits.limits(connection, catalog, settings)
    checks += space.space(connection, catalog)
    if go([check for check in checks if check.name in ("tables", "privileges")]):
        checks += space.quarantine(connection, catalog)
        checks += meaning.meaning(connection, catalog)
        checks += widths.widths(connection, catalog)
    return [*checks, *space.readable_backup(backup)]


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

"""Whether a database is upgraded, and by a version of Standing whose tables this one knows."""

from sqlalchemy import Connection, text

from standing.database.connect import LAST_REVISION, STANDING_SCHEMA, relation_exists
from standing.database.documents import columns_missing
from standing.errors import NotUpgraded, UnfitDatabase
from standing.settings import Settings
from standing.state.rights import require_rights
from standing.state.schema import DIGEST, LAYOUT

ALEMBIC = f"{STANDING_SCHEMA}.alembic_version"
VERSIONS = f"{STANDING_SCHEMA}.versions"
LATEST = f"select layout, digest, code from {VERSIONS} order by upgraded_at desc limit 1"
NEWER_FIX = "update this checkout (git pull, then make env)"


def require_upgraded(connection: Connection, settings: Settings, *commands: str) -> None:
    """Raise UnfitDatabase without a marketplace or where this role lacks rights, those for `commands` too,
    and NotUpgraded until `standing migrate` has ended, this version's.
    """
    schema = settings.application_schema
    found = "select exists (select from pg_class where relname = :table and relnamespace = (%s))"
    where = "select oid from pg_namespace where nspname = :schema"
    if not connection.scalar(text(found % where), {"schema": schema, "table": "users"}):
        raise UnfitDatabase(
            f"schema {schema!r} has no table users",
            "set STANDING_APPLICATION_SCHEMA or DATABASE_URL; `standing load simulated` makes one to try",
        )
    require_rights(connection, settings, *commands)
    if not relation_exists(connection, ALEMBIC):
        raise NotUpgraded("this database is not upgraded", "standing migrate")
    upgraded = connection.execute(text(LATEST)).first() if relation_exists(connection, VERSIONS) else None
    if upgraded and upgraded.layout > LAYOUT:
        raise newer(upgraded.code, upgraded.layout)
    reached = connection.scalar(text(f"select version_num from {ALEMBIC}"))
    if reached != LAST_REVISION:
        raise NotUpgraded(
            f"the upgrade of this database has come as far as {reached or 'nothing'!r}", "standing migrate"
        )
    if upgraded is None or upgraded.digest != DIGEST:
        by = (
            f"another version of Standing ({upgraded.code})"
            if upgraded
            else "an earlier version of Standing"
        )
        raise NotUpgraded(f"this database was upgraded by {by}", "standing migrate")
    needed = (f"{STANDING_SCHEMA}.{name}" for name in ("change_log", "log_state"))
    missing = [name for name in needed if not relation_exists(connection, name)]
    missing += columns_missing(connection, schema)
    if missing:
        raise NotUpgraded(f"this database lacks {', '.join(missing)}", "standing migrate")


def newer(code: str, layout: int) -> NotUpgraded:
    """What to say of a database that newer code has upgraded."""
    return NotUpgraded(
        f"this database was upgraded by a newer version of Standing: {code}, layout {layout};"
        f" this one knows layouts up to {LAYOUT}",
        NEWER_FIX,
    )

"""Forward and back: the whole upgrade of a database, and the way out of it."""

from dataclasses import dataclass, field

from psycopg import Connection
from sqlalchemy import Engine

from migrations.schema import REQUIRED
from standing.database import STANDING_SCHEMA
from standing.errors import NotUpgraded, UnfitDatabase
from standing.settings import Settings
from standing.upgrade import revisions
from standing.upgrade.catalog import read_catalog
from standing.upgrade.session import Pace, exclusive_session
from standing.upgrade.steps import Step, quoted


@dataclass(frozen=True)
class Outcome:
    """What was done: the steps taken in order, and the members walked by each backfill."""

    steps: list[str] = field(default_factory=list)
    members: dict[str, int] = field(default_factory=dict)

    @property
    def nothing(self) -> bool:
        return not self.steps and not self.members

    def note(self, name: str, done: int, total: int) -> None:
        if total:
            self.members[name] = done
        else:
            self.steps.append(name)


def _silent(name: str, done: int, total: int) -> None:
    return None


def migrate(
    settings: Settings, engine: Engine, report: revisions.Report = _silent, pace: Pace | None = None
) -> Outcome:
    """Upgrade the database; takes only the steps that are missing, and so may be run again at any time.

    Raises UnfitDatabase naming the tables and columns it needs and does not find.
    """
    outcome = Outcome()

    def told(name: str, done: int, total: int) -> None:
        outcome.note(name, done, total)
        report(name, done, total)

    with exclusive_session(engine, pace) as session:
        require_legacy_tables(session.connection, settings.application_schema)
        work = revisions.Attributes(engine, settings, session, told)
        if revisions.present(engine) == revisions.latest():
            # A table that came later (products, admin_users) gets its part now.
            for revision in ("columns", "tables", "indexes"):
                revisions.take_missing(work, revision)
        else:
            revisions.upgrade(work)
    return outcome


def rollback(
    settings: Settings, engine: Engine, report: revisions.Report = _silent, pace: Pace | None = None
) -> Outcome:
    """Drop what the upgrade created, dbt's build schema and, last, Standing's own schema.

    Raises NotUpgraded where there is nothing to take back.
    """
    outcome = Outcome()

    def told(name: str, done: int, total: int) -> None:
        outcome.note(name, done, total)
        report(name, done, total)

    with exclusive_session(engine, pace) as session:
        if not _has_schema(session.connection, STANDING_SCHEMA):
            raise NotUpgraded("this database is not upgraded: there is nothing to roll back", "")
        revisions.downgrade(revisions.Attributes(engine, settings, session, told))
        for schema in (settings.build_schema, STANDING_SCHEMA):
            if _has_schema(session.connection, schema):
                step = Step(f"drop schema {schema}", (f"drop schema {quoted(schema)} cascade",))
                session.take(step)
                told(step.name, 0, 0)
    return outcome


def require_legacy_tables(connection: Connection[object], schema: str) -> None:
    """Raise UnfitDatabase unless all required tables and columns are there."""
    catalog = read_catalog(connection, schema)
    tables = [table for table in REQUIRED if not catalog.has(table)]
    if tables:
        raise UnfitDatabase(
            f"schema {schema!r} has no table {', '.join(tables)}",
            "set STANDING_APPLICATION_SCHEMA or DATABASE_URL, or try `standing load simulated`",
        )
    columns = [
        f"{table}.{column}"
        for table, names in REQUIRED.items()
        for column in names
        if not catalog.has(table, column)
    ]
    if not catalog.has("reviews", "order_id") and not catalog.has("reviews", "seller_id"):
        columns.append("reviews.order_id or reviews.seller_id")
    if columns:
        raise UnfitDatabase(
            f"schema {schema!r} lacks the columns {', '.join(columns)}",
            "add them; METRICS lists what is read",
        )


def _has_schema(connection: Connection[object], schema: str) -> bool:
    cursor = connection.execute("select 1 from pg_namespace where nspname = %s", [schema])
    return cursor.fetchone() is not None

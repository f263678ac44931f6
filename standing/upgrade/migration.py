"""Forward and back: the whole upgrade of a database, and the way out of it."""

from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection
from sqlalchemy import Engine

from standing.database.catalog import read_catalog, rows
from standing.database.connect import STANDING_SCHEMA
from standing.database.owners import drops, marked_schemas
from standing.errors import NotUpgraded, StandingError
from standing.settings import Settings
from standing.sql import quoted
from standing.text import plural
from standing.upgrade import created, revisions
from standing.upgrade.adopt import adopt, dropped_forward, schemas
from standing.upgrade.checks.fitness import require_fit
from standing.upgrade.checks.limits import require_allowed
from standing.upgrade.checks.losses import dependents, losses
from standing.upgrade.checks.roles import require_owner
from standing.upgrade.fill.walk import OnProgress, silent
from standing.upgrade.forward import plan_forward, require_not_newer
from standing.upgrade.session import Pace, Session, exclusive_session
from standing.upgrade.steps import Step


class WouldLoseData(StandingError):
    """Rollback would drop what the application has entered since the upgrade."""


@dataclass(frozen=True)
class UpgradeOutcome:
    """What was done: the steps taken in order, and the members of each walk."""

    steps: list[str] = field(default_factory=list)
    members: dict[str, int] = field(default_factory=dict)

    @property
    def nothing(self) -> bool:
        return not self.steps and not self.members

    def noting(self, on_progress: OnProgress) -> OnProgress:
        """Progress that is noted here, too."""

        def note(name: str, done: int, total: int) -> None:
            if total:
                self.members[name] = done
            else:
                self.steps.append(name)
            on_progress(name, done, total)

        return note


def migrate(
    settings: Settings, engine: Engine, on_progress: OnProgress = silent, pace: Pace | None = None
) -> UpgradeOutcome:
    """Upgrade the database; takes only the steps that are missing, and so may be run again at any time.

    Raises UnfitDatabase naming every table and column that stands in the way, before anything is done.
    """
    outcome = UpgradeOutcome()
    note = outcome.noting(on_progress)
    with exclusive_session(engine, pace, settings.database_url_direct) as session:
        require_allowed(session.connection)
        catalog = read_catalog(session.connection, settings.application_schema)
        require_owner(session.connection, catalog)
        require_not_newer(session.connection)
        require_fit(session.connection, catalog)
        work = revisions.Attributes(engine, settings, session, note)
        done = revisions.present(engine)
        revisions.up_to(done)
        adopt(session.connection, settings, dropped_forward(session.connection, settings))
        for step in plan_forward(session.connection) if done else ():
            session.take(step)
            note(step.name, 0, 0)
        # A table that came later (products, admin_users) gets its part now; so does a database whose
        # rollback was begun and stopped, in the middle of a revision.
        for revision in revisions.up_to(done):
            revisions.take_missing(work, revision)
        revisions.upgrade(work)
        if "backfill" in revisions.up_to(done):
            revisions.enrol_newcomers(work)
    return outcome


def rollback(
    settings: Settings,
    engine: Engine,
    on_progress: OnProgress = silent,
    pace: Pace | None = None,
    force: bool = False,
) -> UpgradeOutcome:
    """Drop what the upgrade created, dbt's build schema and, last, Standing's own schema.

    Raises NotUpgraded where there is nothing to take back, and WouldLoseData, saying what and how much,
    unless forced; forced, what depends on dropped objects goes with them.
    """
    outcome = UpgradeOutcome()
    note = outcome.noting(on_progress)
    with exclusive_session(engine, pace, settings.database_url_direct) as session:
        if not has_schema(session.connection, STANDING_SCHEMA):
            raise NotUpgraded(
                "this database is not upgraded: there is nothing to roll back",
                "set DATABASE_URL if another one is meant",
            )
        catalog = read_catalog(session.connection, settings.application_schema)
        require_owner(session.connection, catalog, schemas(session.connection, settings))
        adopt(session.connection, settings, () if force else schemas(session.connection, settings))
        if not force:
            _require_nothing_lost(session, settings)
        # The builds first, because their views stand on the columns that go.
        own, *built = schemas(session.connection, settings)
        for schema in built:
            _drop(session, schema, note)
        revisions.downgrade(revisions.Attributes(engine, settings, session, note, cascade=force))
        _drop(session, own, note)
    return outcome


def _drop(session: Session, schema: str, on_progress: OnProgress) -> None:
    for step in _drop_schema(session.connection, schema):
        session.take(step)
        on_progress(step.name, 0, 0)


def _require_nothing_lost(session: Session, settings: Settings) -> None:
    catalog = read_catalog(session.connection, settings.application_schema)
    made = created.entries(session.connection)
    lost = [
        f"{loss.what}: {plural(loss.rows, 'row')}" for loss in losses(session.connection, catalog, made)
    ]
    leaning = dependents(session.connection, catalog, made, schemas(session.connection, settings))
    lost += [f"depends on it: {one}" for one in leaning]
    if lost:
        raise WouldLoseData(
            "rollback would lose what was entered since the upgrade:\n  " + "\n  ".join(lost),
            "`standing backup FILE`, then `standing rollback --force`",
        )


def _drop_schema(connection: Connection[Any], schema: str) -> list[Step]:
    """Drop what is ours in it, one by one, since many relations need more locks than one statement has; and
    the schema, if it is ours and nothing else is left in it.

    What says what is left to do goes last.
    """
    last = {"alembic_version", "upgrade_ledger"} if schema == STANDING_SCHEMA else set()
    found = drops(connection, schema)
    steps = [Step(f"drop {schema}.{name}", (drop,)) for name, drop in found if name not in last]
    end = [drop for name, drop in found if name in last]
    if schema in marked_schemas(connection):
        end.append(f"drop schema {quoted(schema)}")
    return [*steps, *([Step(f"drop schema {schema}", tuple(end))] if end else [])]


def has_schema(connection: Connection[Any], schema: str) -> bool:
    return bool(rows(connection, "select from pg_namespace where nspname = %(schema)s", schema=schema))

"""Alembic, configured in code: which revisions a database has, and what each does forward and back.

Alembic keeps the order and remembers what is done. The steps of a revision run on the session's own
connection, each in its own transaction, while Alembic's connection holds none.
"""

from collections.abc import Callable
from dataclasses import dataclass

from alembic import command, op
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from standing import PROJECT_ROOT
from standing.contract.additions import ADDITIONS
from standing.database.catalog import Catalog, read_catalog
from standing.database.connect import STANDING_SCHEMA
from standing.errors import NotUpgraded
from standing.settings import Settings
from standing.state.upgraded import NEWER_FIX
from standing.upgrade import created
from standing.upgrade.fill import completion
from standing.upgrade.fill.first_values import plan_first_values
from standing.upgrade.fill.loyalty import loyalty_programs
from standing.upgrade.fill.opening import plan_opening
from standing.upgrade.fill.walk import PROGRESS, OnProgress, catch_up, run_walk
from standing.upgrade.forward import plan_own_schema
from standing.upgrade.plan.back import plan as plan_back
from standing.upgrade.plan.indexes import plan_indexes
from standing.upgrade.plan.tables import plan_columns, plan_tables, wanted_tables
from standing.upgrade.plan.triggers import plan_capture
from standing.upgrade.session import Session
from standing.upgrade.steps import Step

#: The steps of every revision but the first values, which are walks, and the points, which read these.
PLANS: dict[str, Callable[[Catalog, Settings], list[Step]]] = {
    "own_schema": lambda catalog, settings: plan_own_schema(),
    "columns": lambda catalog, settings: plan_columns(catalog),
    "tables": lambda catalog, settings: plan_tables(catalog),
    "indexes": lambda catalog, settings: plan_indexes(catalog, wanted_tables(catalog)),
    "change_log": plan_capture,
}


@dataclass(frozen=True)
class Attributes:
    """What the revisions need, carried through Alembic's configuration."""

    engine: Engine
    settings: Settings
    session: Session
    on_progress: OnProgress
    cascade: bool = False


def configuration(attributes: Attributes | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(PROJECT_ROOT / "migrations"))
    config.attributes["standing"] = attributes
    return config


def latest() -> str:
    """The revision that a whole upgrade ends with."""
    head = ScriptDirectory.from_config(configuration()).get_current_head()
    assert head is not None  # noqa: S101 (there are revisions)
    return head


def up_to(revision: str | None) -> list[str]:
    """Revisions of a database at `revision` that changed the application's tables, oldest first.

    Raises NotUpgraded for a revision of another version of Standing.
    """
    if revision is None:
        return []
    script = ScriptDirectory.from_config(configuration())
    if revision not in {one.revision for one in script.walk_revisions()}:
        raise NotUpgraded(
            f"another version of Standing has upgraded this database as far as {revision!r},"
            " which this one does not know",
            NEWER_FIX,
        )
    newest_first = [one.revision for one in script.iterate_revisions(revision, "base")]
    return [one for one in reversed(newest_first) if one != "own_schema"]


def present(engine: Engine) -> str | None:
    """The revision a database has, or None before the upgrade."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table_schema": STANDING_SCHEMA})
        return context.get_current_revision()


def upgrade(attributes: Attributes) -> None:
    command.upgrade(configuration(attributes), "head")


def downgrade(attributes: Attributes) -> None:
    command.downgrade(configuration(attributes), "base")


def of(revision: str) -> tuple[Callable[[], None], Callable[[], None]]:
    """What Alembic calls to go to a revision, planned from what the database has then, and to go back."""

    def upgrade() -> None:
        with op.get_context().autocommit_block():
            take_missing(_attributes(), revision)

    def downgrade() -> None:
        _take_back(_attributes(), revision)

    return upgrade, downgrade


def take_missing(work: Attributes, revision: str) -> None:
    """Take the steps that lead to a revision and are not taken yet."""
    schema = work.settings.application_schema
    catalog = read_catalog(work.session.connection, schema)
    if revision == "backfill":
        for walk in plan_first_values(
            catalog, created.entries(work.session.connection), work.settings, work.session.pace.batch
        ):
            run_walk(work.session, schema, walk, work.on_progress)
        return
    if revision == "points":
        steps = plan_opening(work.session.connection, catalog, work.settings)
    else:
        steps = PLANS[revision](catalog, work.settings)
    for step in steps:
        work.session.take(step)
        work.on_progress(step.name, 0, 0)


def enrol_newcomers(work: Attributes) -> None:
    """Programme and welcome bonus for members who came after the upgrade and have none."""
    schema = work.settings.application_schema
    catalog = read_catalog(work.session.connection, schema)
    made = created.entries(work.session.connection)
    walk = loyalty_programs(catalog, made, work.settings, work.session.pace.batch)
    catch_up(work.session, schema, walk, work.on_progress)


def _take_back(work: Attributes, revision: str) -> None:
    """Drop what the ledger says a revision created, newest first."""
    extended = {addition.table for addition in ADDITIONS}
    connection = work.session.connection
    with op.get_context().autocommit_block():
        catalog = read_catalog(connection, work.settings.application_schema)
        if revision == "backfill":
            connection.execute(f"delete from {PROGRESS}".encode())
            completion.put_back(work.session, catalog)
        for step in plan_back(revision, created.entries(connection), extended, catalog, work.cascade):
            work.session.take(step)
            work.on_progress(step.name, 0, 0)


def _attributes() -> Attributes:
    config = op.get_context().config
    assert config is not None  # noqa: S101 (env.py always has one)
    attributes: Attributes = config.attributes["standing"]
    return attributes

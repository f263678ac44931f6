"""The facts behind one member's documents, built for that member alone.

A run keeps the facts of those it built only, so an explanation builds its own, by the same models, in a
schema of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from standing.build import dbt
from standing.build.prepared import preparing
from standing.incremental.plan import open_member
from standing.settings import Settings

#: Any fixed number, not the runs' one: "why" as bytes of ASCII.
WHY_LOCK = int.from_bytes(b"why", "big")


@contextmanager
def member_facts(
    engine: Engine, settings: Settings, table: str, member: UUID, as_of: datetime
) -> Iterator[Settings]:
    """Build the facts and documents of one row of `table` as of a moment; settings whose build they are.

    One explanation at a time: another one waits. Raises BuildFailed if policy is wrong or a model fails.
    """
    building = settings.model_copy(update={"build_schema": settings.why_schema})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection, _alone(connection):
        plan = open_member(engine, building, table, member, as_of)
        marts = [f"+{target.mart}" for target in plan.asked.targets]
        if plan.is_prepared:
            dbt.invoke(building, engine.url, "run", "--select", *marts, *dbt.BUT_STAGING)
        else:
            with preparing(engine, building, plan.asked.targets, plan.fingerprint):
                dbt.load_policy(building, engine.url)
                dbt.invoke(building, engine.url, "run", "--select", *marts)
        yield building


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    connection.execute(text("select pg_advisory_lock(:key)"), {"key": WHY_LOCK})
    try:
        yield
    finally:
        connection.execute(text("select pg_advisory_unlock(:key)"), {"key": WHY_LOCK})

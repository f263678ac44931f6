"""Facts and documents of one member as they were, built for that member in a schema of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine

from standing.build import dbt
from standing.build.prepared import preparing
from standing.contract.targets import AnyTarget
from standing.database.lock import alone_in
from standing.incremental.plan import open_member
from standing.settings import Settings


@contextmanager
def past_of(
    engine: Engine, settings: Settings, targets: tuple[AnyTarget, ...], member: UUID, as_of: datetime
) -> Iterator[Settings]:
    """Build what `targets` publish of one member as of a moment, and its facts; settings whose build it is.

    Raises LockTaken beside another one, BuildFailed if policy is wrong or a model fails.
    """
    building = settings.model_copy(update={"build_schema": settings.why_schema})
    with alone_in(engine, building.build_schema, "standing why --as-of"):
        plan = open_member(engine, building, targets[0].members.table, member, as_of)
        marts = [f"+{mart}" for target in targets for mart in target.marts]
        if plan.is_prepared:
            dbt.invoke(building, engine.url, "run", "--select", *marts, *dbt.BUT_STAGING)
        else:
            with preparing(engine, building, plan.asked.targets, plan.fingerprint):
                dbt.load_policy(building, engine.url)
                dbt.invoke(building, engine.url, "run", "--select", *marts)
        yield building

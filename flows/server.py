"""`python -m flows server …`: what `prefect server start …` does, with three mends.

Prefect 3.8.8 inserts scheduled runs by the ORM in bulk, computed attributes and all. SQLAlchemy 2.1 refuses
those (2.0 left them out), so the scheduler of a bare `prefect server start` makes no runs in this
environment: docs/decisions/0040-scheduled-by-prefect.md. tests/end_to_end/test_deployments.py says when
the mend is needed no more.

In SQLite Prefect begins most transactions as readers. One that writes after another connection has written
since is refused at once ("database is locked", whatever the timeout), so that with a few runs at work
automations were late or lost. No setting says otherwise: here they begin as writers, and wait.

Automations hear of a state only after they have heard of the one before it. They never hear that a scheduled
run was made, nor, after a restart, of anything before it, and then held all that follows back for a
quarter of an hour: messages came that late, and the watch over heartbeats took ended runs for dead.
"""

import sys
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction
from sqlalchemy.ext.hybrid import hybrid_property

#: How long an event waits for the one before it; all of them come from this one server, in a moment.
PATIENCE = timedelta(seconds=10)


def start(arguments: list[str]) -> None:
    """Serve until told to stop; `arguments` are those of `prefect server start`."""
    from prefect.cli import app

    leave_computed_attributes_out()
    begin_as_writers()
    wait_no_longer_than(PATIENCE)
    sys.argv = ["prefect", "server", "start", *arguments]
    app()


def leave_computed_attributes_out() -> None:
    """In bulk inserts of Prefect's server, as SQLAlchemy 2.0 did."""
    from prefect.server.database.orm_models import Base

    for mapper in Base.registry.mappers:
        for attribute in mapper.all_orm_descriptors:
            if isinstance(attribute, hybrid_property) and attribute.bulk_dml_setter is None:
                attribute.bulk_dml_setter = _left_out  # type: ignore[assignment]


def _left_out(_model: Any, _mapping: Any, _value: Any) -> None:
    """Nothing is written for a computed attribute."""


def begin_as_writers() -> None:
    """Every transaction of Prefect's server in SQLite: `BEGIN IMMEDIATE`, which waits for up to a minute."""
    from prefect.server.database.configurations import AioSqliteConfiguration

    begin = AioSqliteConfiguration.begin_transaction

    def begin_immediately(
        self: AioSqliteConfiguration, session: AsyncSession, with_for_update: bool = True
    ) -> AbstractAsyncContextManager[AsyncSessionTransaction]:
        return begin(self, session, with_for_update=True)

    AioSqliteConfiguration.begin_transaction = begin_immediately  # type: ignore[assignment,method-assign]


def wait_no_longer_than(patience: timedelta) -> None:
    """For an event that another one should have come before."""
    from prefect.server.events.ordering import memory

    memory.PRECEDING_EVENT_LOOKBACK = patience  # type: ignore[attr-defined]

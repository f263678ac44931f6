"""`python -m flows server …`: what `prefect server start …` does, with two mends.

In SQLite, Prefect begins most transactions as readers. Such a transaction cannot write after another
connection has written: SQLite refuses it at once ("database is locked"), whatever the timeout. With a few
runs at work, automations were late or lost. No setting changes that; here transactions begin as writers.

Automations get a run's states in order, and wait for one that is missing. They never get the state of a
scheduled run's creation, nor, after a restart, older states. So they held all later states back for a
quarter of an hour: messages came that late, and the watch over heartbeats took ended runs for dead.
"""

import os
import sys
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

from standing.services.prefect import folder
from standing.settings import current

#: How long an event waits for the one before it; all of them come from this one server, in a moment.
PATIENCE = timedelta(seconds=10)


def start(arguments: list[str]) -> None:
    """Serve until told to stop; `arguments` are those of `prefect server start`."""
    _serve_pages_from_home()
    from prefect.cli import app

    begin_as_writers()
    wait_no_longer_than(PATIENCE)
    sys.argv = ["prefect", "server", "start", *arguments]
    app()


def _serve_pages_from_home() -> None:
    """Prefect copies its pages beside its code; where that is closed to us, they are kept in our home."""
    (installed,) = find_spec("prefect").submodule_search_locations  # type: ignore[union-attr,misc]
    if not os.access(Path(installed) / "server", os.W_OK):
        os.environ["PREFECT_UI_STATIC_DIRECTORY"] = str(folder(current()) / "pages")


def begin_as_writers() -> None:
    """Prefect's server begins each transaction in SQLite with `BEGIN IMMEDIATE`, which waits."""
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

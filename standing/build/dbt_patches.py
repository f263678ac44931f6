"""What a dbt command runs in: dbt expects a terminal and a process that ends with it."""

import gc
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from standing.database.conninfo import ENVIRONMENT
from standing.database.session_settings import with_code
from standing.process_end import begin_cleaner

#: Standard output is a command's own; what dbt would say there is in its log, and a failure in the error.
SILENT = ("--quiet", "--log-level", "none", "--log-level-file", "info")


@contextmanager
def _at_work(variables: Mapping[str, str]) -> Iterator[None]:
    """Set a command's environment, and clear what dbt would leave for the next one."""
    from dbt.adapters.base import impl
    from dbt_common.events.event_manager_client import cleanup_event_logger

    cleanup_event_logger()  # until a command has opened its log, dbt would tell standard output
    before = {name: os.environ.get(name) for name in (*variables, *ENVIRONMENT)}
    for name in ENVIRONMENT:
        os.environ.pop(name, None)
    # Each command's adapter adds its flags to this list and looks through the whole stack for each there.
    known = len(impl.DEFAULT_BASE_BEHAVIOR_FLAGS)
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        del impl.DEFAULT_BASE_BEHAVIOR_FLAGS[known:]
        _close_log()


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause garbage collection: dbt's millions of objects live until its command ends."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def _interruptible() -> Iterator[None]:
    """Have dbt end its queries at any interruption, such as Prefect's, and not at Ctrl-C alone."""
    from dbt.task import runnable

    tasks: Any = runnable.GraphRunnableTask
    run_queue = tasks.run_queue

    def run_or_end_queries(task: Any, pool: Any) -> None:
        try:
            run_queue(task, pool)
        except Exception:
            raise
        except BaseException as interruption:
            raise KeyboardInterrupt from interruption

    tasks.run_queue = run_or_end_queries
    try:
        yield
    finally:
        tasks.run_queue = run_queue


@contextmanager
def _connections_kept() -> Iterator[None]:
    """Keep one connection a thread; dbt would open one a node, each with an empty cache."""
    from dbt.adapters.contracts.connection import ConnectionState
    from dbt.adapters.factory import FACTORY
    from dbt.adapters.postgres.connections import PostgresConnectionManager
    from psycopg2 import Error

    def release(manager: Any) -> None:
        connection = manager.get_if_exists()
        if connection is None or connection.state != ConnectionState.OPEN:
            return
        try:
            connection.handle.rollback()  # psycopg2 is in a transaction also where dbt has begun none
        except Error:
            manager.close(connection)
        connection.transaction_open = False

    adapters: Any = FACTORY.adapters
    manager: Any = PostgresConnectionManager
    manager.release = release
    try:
        yield
    finally:
        del manager.release  # and the one that it inherits is back
        for adapter in adapters.values():
            adapter.cleanup_connections()


@contextmanager
def _limits_named() -> Iterator[None]:
    """A statement that one of the server's limits ended: dbt would say so in the server's language only."""
    from dbt.adapters.postgres.connections import PostgresConnectionManager
    from dbt_common.exceptions import DbtDatabaseError

    manager: Any = PostgresConnectionManager
    handler = manager.exception_handler

    @contextmanager
    def with_codes(self: Any, sql: str) -> Iterator[None]:
        try:
            with handler(self, sql):
                yield
        except DbtDatabaseError as error:
            error.msg = with_code(error.msg, getattr(error.__cause__, "pgcode", None))
            raise

    manager.exception_handler = with_codes
    try:
        yield
    finally:
        manager.exception_handler = handler


def run_command(runner: Any, variables: Mapping[str, str], *arguments: str) -> Any:
    """What dbt says of a command. It takes an interruption for a failure of its own; here it goes on up."""
    begin_cleaner()
    with _at_work(variables), _interruptible(), _connections_kept(), _limits_named():
        outcome = runner.invoke([*SILENT, *arguments])
    if outcome.exception is not None and not isinstance(outcome.exception, Exception):
        raise outcome.exception.__cause__ or outcome.exception
    return outcome


def _close_log() -> None:
    """Close the log file that dbt opened; it would only drop it when the next command opens another."""
    log = logging.getLogger("file_log")
    for handler in list(log.handlers):
        handler.close()
        log.removeHandler(handler)

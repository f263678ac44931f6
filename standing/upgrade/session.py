"""The one connection that changes the schema: it holds the run's lock and takes the steps.

Lock and steps share a connection on purpose. When the process is killed while the server is still in
a statement, the lock is held until that statement is over, so a successor never works beside it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from psycopg import Connection, errors
from sqlalchemy import Engine
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_random_exponential,
)

from standing.database.lock import locked_session
from standing.errors import StandingError
from standing.upgrade import created
from standing.upgrade.blockers import holders, send_autovacuum_away
from standing.upgrade.steps import Step

Result = TypeVar("Result")

#: What another transaction can do to us that trying again mends.
PASSING: tuple[type[psycopg.Error], ...] = (
    errors.LockNotAvailable,
    errors.DeadlockDetected,
    errors.SerializationFailure,
)

#: After so many vain tries a step waits this long (ms) once: then the server sends autovacuum away.
STUBBORN_TRIES = 6
STUBBORN_WAIT = 1500


class LockedOut(StandingError):
    """Someone holds a lock that a step needs, for longer than the patience allows."""


@dataclass(frozen=True)
class Pace:
    """How the upgrade behaves beside an application.

    An application's statement may queue behind a waiting step for `lock_timeout` milliseconds; a step
    is tried again for `patience` seconds. `batch` members are written in one transaction. Another run
    or upgrade, or what a killed one left running in the server, is waited for `queue` seconds.
    """

    lock_timeout: int = 100
    patience: float = 600.0
    batch: int = 1000
    queue: float = 30.0


@dataclass(frozen=True)
class Session:
    """A connection in autocommit mode that holds the lock of the upgrade."""

    connection: Connection[Any]
    pace: Pace = Pace()

    def take(self, step: Step) -> None:
        """Run one step; raises LockedOut when its locks cannot be had, StandingError when it fails."""
        action = self._in_transaction if step.cleanup is None else self._concurrently
        try:
            self.retry(step.name, lambda: action(step), tables=step.tables)
        except psycopg.Error as error:
            reason = str(error).strip().splitlines()[0]
            raise StandingError(
                f"step {step.name!r} failed: {reason}", "mend what it names, then run the command again"
            ) from error

    def retry(
        self,
        name: str,
        action: Callable[[], Result],
        passing: tuple[type[psycopg.Error], ...] = PASSING,
        tables: Sequence[str] = (),
    ) -> Result:
        """Try an action until it succeeds or the patience ends, pausing a random, growing while."""

        def make_room(state: RetryCallState) -> None:
            """Autovacuum yields to us at once if we may cancel it, else to a longer wait now and then."""
            stubborn = (
                not send_autovacuum_away(self.connection, tables)
                and state.attempt_number % STUBBORN_TRIES == 0
                and any(holder.autovacuum for holder in holders(self.connection, tables))
            )
            self._wait(STUBBORN_WAIT if stubborn else self.pace.lock_timeout)

        self._wait(self.pace.lock_timeout)
        tries = Retrying(
            retry=retry_if_exception_type(passing),
            stop=stop_after_delay(self.pace.patience),
            wait=wait_random_exponential(multiplier=0.05, max=2.0),
            before_sleep=make_room,
            reraise=True,
        )
        try:
            return tries(action)
        except passing as error:
            raise self._locked_out(name, error, tables) from error

    def _locked_out(self, name: str, error: psycopg.Error, tables: Sequence[str]) -> LockedOut:
        reason = str(error).strip().splitlines()[0]
        who = ", ".join(str(holder) for holder in holders(self.connection, tables)[:3])
        return LockedOut(
            f"step {name!r} could not get its locks for {self.pace.patience:.0f} s: {reason}"
            + (f"; they are held by {who}" if who else ""),
            "end the transactions that `standing preflight` lists, then run the command again",
        )

    @contextmanager
    def transaction(self, patient: bool = False) -> Iterator[None]:
        """A transaction that waits for locks as `retry` says, or, if patient, as long as it takes."""
        with self.connection.transaction():
            if patient:
                self.connection.execute("set local lock_timeout = 0")
            yield

    def _wait(self, milliseconds: int) -> None:
        """How long the next transactions wait for a lock."""
        self.connection.execute(f"set lock_timeout = {milliseconds}".encode())

    def _in_transaction(self, step: Step) -> None:
        with self.transaction(step.patient):
            for statement in step.statements:
                self.connection.execute(statement.encode())
            created.record(self.connection, step.creates)
            created.strike(self.connection, step.drops)

    def _concurrently(self, step: Step) -> None:
        created.record(self.connection, step.creates)
        self._wait(0)
        try:
            for statement in step.statements:
                self.connection.execute(statement.encode())
        except psycopg.Error:
            if not self.connection.closed and step.cleanup:
                self.connection.execute(step.cleanup.encode())
            raise
        created.strike(self.connection, step.drops)


@contextmanager
def exclusive_session(
    engine: Engine, pace: Pace | None = None, direct: str | None = None
) -> Iterator[Session]:
    """A session that holds the lock of runs and upgrades; raises LockTaken if someone else has it.

    It is one of our own, past a pooler, since what it sets stays with the session.
    """
    pace = pace or Pace()
    with locked_session(engine, pace.queue / 60, direct) as (held, _):
        connection: Connection[Any] = held.connection.driver_connection  # type: ignore[assignment]
        # A killed upgrade must not go on in the server; and an index takes as long as it takes.
        connection.execute("set client_connection_check_interval = '1s'")
        connection.execute("set jit = off")
        connection.prepare_threshold = 5  # its session is its own, and it says the same for every batch
        yield Session(connection, pace)

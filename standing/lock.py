"""One run at a time: a PostgreSQL advisory lock on a connection of its own.

The server frees the lock when that connection ends, so a killed run blocks nobody.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from standing.errors import StandingError

#: Any fixed number: "standing" as eight bytes of ASCII.
LOCK_KEY = int.from_bytes(b"standing", "big", signed=True)
POLL_SECONDS = 0.5


class LockTaken(StandingError):
    """Another run works on this database and did not end in time."""

    exit_code = 5


class LockLost(StandingError):
    """The lock's connection has ended, so another run may have begun; nothing more is written."""


@dataclass(frozen=True)
class RunLock:
    """A held lock; `backend` is the server process that holds it."""

    backend: int

    def require(self, connection: Connection) -> None:
        """Raise LockLost unless our backend still holds the lock, as seen by `connection`."""
        held = connection.scalar(
            text(
                "select exists (select from pg_locks where locktype = 'advisory' and granted"
                " and pid = :backend and database = (select oid from pg_database where datname = current_database())"
                " and (classid::bigint << 32 | objid::bigint) = :key)"
            ),
            {"backend": self.backend, "key": LOCK_KEY},
        )
        if not held:
            raise LockLost(
                "the connection that held the run's lock was cut; the run stopped writing",
                "standing run",
            )


@contextmanager
def run_lock(engine: Engine, wait_minutes: float) -> Iterator[RunLock]:
    """Hold the lock of this database's runs. Raises LockTaken after `wait_minutes`, naming the holder."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        deadline = time.monotonic() + 60 * wait_minutes
        while not connection.scalar(text("select pg_try_advisory_lock(:key)"), {"key": LOCK_KEY}):
            if time.monotonic() >= deadline:
                raise LockTaken(f"another run is at work: {_holder(connection)}", "standing status")
            time.sleep(POLL_SECONDS)
        backend = connection.scalar(text("select pg_backend_pid()"))
        try:
            yield RunLock(backend)
        finally:
            with suppress(DBAPIError):  # a connection that is gone has freed its lock
                connection.execute(text("select pg_advisory_unlock(:key)"), {"key": LOCK_KEY})


def _holder(connection: Connection) -> str:
    row = connection.execute(
        text(
            "select a.pid, coalesce(a.client_addr::text, 'this machine') as client,"
            " to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as since"
            " from pg_locks as l join pg_stat_activity as a on a.pid = l.pid"
            " where l.locktype = 'advisory' and l.granted"
            " and (l.classid::bigint << 32 | l.objid::bigint) = :key limit 1"
        ),
        {"key": LOCK_KEY},
    ).first()
    return f"server process {row.pid} from {row.client} since {row.since} UTC" if row else "unknown"

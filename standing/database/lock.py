"""One run at a time: a PostgreSQL advisory lock on a connection of its own.

The server frees the lock when that connection ends, so a killed run blocks nobody. A run whose connection
was cut may be alive still, so every chunk it writes asks, in its own transaction, whether the lock is held;
`PUBLISHING` closes the gap between the answer and the commit: chunks share it, and a new holder waits until
nobody has it.
"""

import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from standing.database.connect import elsewhere, relation_exists, unreachable
from standing.database.lock_session import lock_engine, pooled, require_own_session, require_session
from standing.database.session_settings import pin
from standing.errors import StandingError
from standing.log import NAME as LOGGER

#: Any fixed numbers: eight bytes of ASCII.
LOCK_KEY = int.from_bytes(b"standing", "big", signed=True)
PUBLISHING = int.from_bytes(b"publishi", "big", signed=True)
#: The class of a second lock that only this holder has, so that a process number used again is not taken
#: for it.
TOKEN_CLASS = int.from_bytes(b"stan", "big", signed=True)
POLL_SECONDS = 0.5
#: A machine that vanished is found dead by the server in half a minute.
LIVELINESS = """
set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 4;
set statement_timeout = 0; set lock_timeout = 0
"""
NAME = "standing, lock held since "

#: The row of pg_locks that is the lock of `:key` in this database, where somebody holds it.
HELD = """
locktype = 'advisory' and granted and objsubid = 1
    and database = (select oid from pg_database where datname = current_database())
    and classid::bigint << 32 | objid::bigint = :key
"""
HELD_BY_US = f"select exists (select from pg_locks where pid = pg_backend_pid() and {HELD})"
FREE_AT = f"select clock_timestamp() where not exists (select from pg_locks where {HELD})"
HELD_BY = """
select exists (
    select from pg_locks where locktype = 'advisory' and granted and pid = :backend and objsubid = 2
        and database = (select oid from pg_database where datname = current_database())
        and classid::bigint = :class and objid::bigint = :token
)
"""


class LockTaken(StandingError):
    """Another run works on this database and did not end in time."""

    exit_code = 5


class LockLost(StandingError):
    """The lock's connection has ended, so another run may have begun; nothing more is written."""


@dataclass(frozen=True)
class RunLock:
    """A held lock; `backend` is the server process that holds it, and `token` only this holding's."""

    backend: int
    token: int

    def require(self, connection: Connection) -> None:
        """Raise LockLost unless our backend still holds the lock, as seen by `connection`.

        Until the transaction of `connection` ends, no other holder begins to work.
        """
        connection.execute(text("select pg_advisory_xact_lock_shared(:key)"), {"key": PUBLISHING})
        if not self.is_held(connection):
            raise LockLost(
                "the connection that held the run's lock was cut; the run stopped writing",
                "standing run",
            )

    def is_held(self, connection: Connection) -> bool:
        """Whether it is, now."""
        return bool(
            connection.scalar(
                text(HELD_BY), {"backend": self.backend, "class": TOKEN_CLASS, "token": self.token}
            )
        )


@contextmanager
def alone_in(engine: Engine, schema: str, command: str) -> Iterator[None]:
    """Be the only one that builds in a schema that no run builds in.

    Raises LockTaken beside another `command`.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(
            text("select pg_try_advisory_lock(hashtext(:schema))"), {"schema": schema}
        ):
            raise LockTaken(f"another `{command}` builds in {schema}", "wait for it to end")
        yield


@contextmanager
def run_lock(engine: Engine, wait_minutes: float, direct: str | None = None) -> Iterator[RunLock]:
    """Hold the lock of this database's runs, as `locked_session` does."""
    with locked_session(engine, wait_minutes, direct) as (_, lock):
        yield lock


@contextmanager
def locked_session(
    engine: Engine, wait_minutes: float, direct: str | None = None
) -> Iterator[tuple[Connection, RunLock]]:
    """A session of our own, to `direct` or the engine's URL, that holds the lock; it commits every
    statement.

    Raises LockTaken after `wait_minutes`, naming the holder, and SettingError where the connection goes
    through a pooler that lends it to others between transactions.
    """
    holding = lock_engine(engine, direct)
    try:
        with _reached(holding) as connection:
            backend = require_own_session(connection, holding)
            if connection.scalar(text(HELD_BY_US), {"key": LOCK_KEY}):
                raise pooled("our session held the lock before we took it")
            connection.execute(text(LIVELINESS))
            pin(connection)
            if not _is_free(connection, LOCK_KEY):
                if wait_minutes:
                    logging.getLogger(LOGGER).info("waits for another run to end: %s", _holder(connection))
                _wait(connection, LOCK_KEY, time.monotonic() + 60 * wait_minutes)
            try:
                lock = _take(connection, backend)
                _require_seen(engine, lock)
                # What a holder that was cut off is still writing ends first; then it cannot write any more.
                _wait(connection, PUBLISHING, time.monotonic() + max(60 * wait_minutes, 5))
                _free(connection, PUBLISHING)
                yield connection, lock
            finally:
                with suppress(DBAPIError):  # a connection that is gone has freed its lock
                    connection.execute(text("select pg_advisory_unlock_all()"))
    finally:
        holding.dispose()


def free_at(connection: Connection) -> datetime | None:
    """The server's clock if nobody holds the lock; None if somebody does."""
    moment: datetime | None = connection.scalar(text(FREE_AT), {"key": LOCK_KEY})
    return moment


def _reached(holding: Engine) -> Connection:
    try:
        return holding.connect()
    except OperationalError as error:
        raise unreachable(
            holding.url, error, "check DATABASE_URL_DIRECT, or DATABASE_URL without it"
        ) from None


def _take(connection: Connection, backend: int) -> RunLock:
    """What tells this holding from every other; its name shows since when."""
    token = secrets.randbelow(2**31)
    connection.execute(
        text("select pg_advisory_lock(:class, :token)"), {"class": TOKEN_CLASS, "token": token}
    )
    require_session(connection, backend)
    name = f"{NAME}{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    connection.execute(text("select set_config('application_name', :name, false)"), {"name": name})
    return RunLock(backend, token)


def _require_seen(engine: Engine, lock: RunLock) -> None:
    with engine.connect() as connection:
        if not lock.is_held(connection):
            raise elsewhere()


def _wait(connection: Connection, key: int, deadline: float) -> None:
    while not _is_free(connection, key):
        if time.monotonic() >= deadline:
            raise LockTaken(f"another run is at work: {_holder(connection)}", "standing status")
        time.sleep(POLL_SECONDS)


def _is_free(connection: Connection, key: int) -> bool:
    """Whether the lock was free; now it is ours."""
    return bool(connection.scalar(text("select pg_try_advisory_lock(:key)"), {"key": key}))


def _free(connection: Connection, key: int) -> None:
    connection.execute(text("select pg_advisory_unlock(:key)"), {"key": key})


def _holder(connection: Connection) -> str:
    """Who holds it since when, without names; other roles cannot see `backend_start` and client."""
    row = connection.execute(
        text(
            "select a.pid, coalesce(host(a.client_addr), 'this machine') as client,"
            " a.application_name as name,"
            " to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as since"
            f" from pg_locks as l join pg_stat_activity as a on a.pid = l.pid where {HELD} limit 1"
        ),
        {"key": LOCK_KEY},
    ).first()
    if row is None:
        return "it ended just now"
    since = row.name.removeprefix(NAME) if row.name.startswith(NAME) else row.since
    where = f"server process {row.pid} from {row.client}"
    return f"{_run_at_work(connection)}{where}, since {since or 'a time we may not see'} UTC"


def _run_at_work(connection: Connection) -> str:
    if not relation_exists(connection, "standing.runs"):
        return ""
    row = connection.execute(
        text(
            "select run_id, selection from standing.runs where status = 'running'"
            " order by run_id desc limit 1"
        )
    ).first()
    return f"run {row.run_id} ({row.selection}), " if row else ""


def end_leftovers(engine: Engine, application_name: str, wait_seconds: float = 10) -> int:
    """End the server processes of this name that a killed run or one without its lock left at work.

    For the holder of the lock only. Gives how many there were.
    """
    ended = 0
    deadline = time.monotonic() + wait_seconds
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while True:
            with suppress(DBAPIError):  # another role's: it may go on, but it cannot publish
                found = connection.execute(
                    text(
                        "select pg_terminate_backend(pid) from pg_stat_activity"
                        " where datname = current_database() and application_name = :name"
                    ),
                    {"name": application_name},
                ).all()
                ended = max(ended, len(found))
                if found and time.monotonic() < deadline:
                    time.sleep(0.05)
                    continue
            return ended

"""One chunk of writes to the application's rows: a short transaction, under the run's lock."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from standing.database.lock import RunLock
from standing.errors import StandingError

#: Deadlock, serialisation failure, lock timeout: the application was first, and later works.
PASSING = {"40P01", "40001", "55P03"}
#: Well below deadlock_timeout (1 s unless set): in a deadlock it is we who give way, also where the
#: application began to wait first.
LOCK_TIMEOUT = "500ms"
STATEMENT_TIMEOUT = "120s"

Result = TypeVar("Result")


def write_chunk(
    engine: Engine, lock: RunLock, what: str, fix: str, work: Callable[[Connection], Result]
) -> Result:
    """Do `work` in one transaction, again when the application was in the way; gives what it gives.

    Raises LockLost when another run may have begun, StandingError naming `what` and `fix` when the chunk
    could not be written.
    """
    attempts = Retrying(
        retry=retry_if_exception(_is_passing),
        wait=wait_random_exponential(multiplier=0.05, max=5),
        stop=stop_after_attempt(8),
        reraise=True,
    )

    def attempt() -> Result:
        with engine.begin() as connection:
            connection.execute(text(f"set local lock_timeout = '{LOCK_TIMEOUT}'"))
            connection.execute(text(f"set local statement_timeout = '{STATEMENT_TIMEOUT}'"))
            lock.require(connection)
            return work(connection)

    try:
        return attempts(attempt)
    except OperationalError as error:
        reason = str(error.orig).splitlines()[0]
        raise StandingError(f"{what} could not be written: {reason}", fix) from None


def _is_passing(error: BaseException) -> bool:
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in PASSING

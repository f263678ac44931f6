"""The lock's connection must be one session of the server for as long as it lives.

A pooler in transaction mode lends the server's session to someone else after every statement: the lock
then belongs to nobody, or to two. Such a pooler does not say so, but it can be seen: the process that
answers is another one, or answers somebody else, too.
"""

from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.pool import NullPool

from standing.database.connect import reach_direct
from standing.errors import SettingError

#: Rounds of looking; a pooler that hands out its sessions in turn shows itself in the first or second.
ROUNDS = 3
KEEPALIVE = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}


def lock_engine(engine: Engine, direct: str | None) -> Engine:
    """An engine whose connections end with their use, and notice soon when the network is gone."""
    url = reach_direct(direct) if direct else engine.url
    return create_engine(
        url,
        connect_args={
            "application_name": "standing",
            "prepare_threshold": None,  # a statement that was prepared elsewhere would hide the reason
            **KEEPALIVE,
        },
        isolation_level="AUTOCOMMIT",
        poolclass=NullPool,
    )


def own_session_url(engine: Engine, direct: str | None) -> URL:
    """Where a program may set up a session as it likes.

    Raises SettingError where others would get that session.
    """
    holding = lock_engine(engine, direct)
    with holding.connect() as connection:
        require_own_session(connection, holding)
    return holding.url


def require_own_session(connection: Connection, holding: Engine) -> int:
    """The server process of `connection`; raises SettingError if others get it between our statements."""
    backend = int(connection.scalar(text("select pg_backend_pid()")) or 0)
    for _ in range(ROUNDS):
        with holding.connect().execution_options(isolation_level="READ COMMITTED") as other:
            if other.scalar(text("select pg_backend_pid()")) == backend:
                raise pooled("a second connection got the same session")
            require_session(connection, backend)
            other.rollback()
        for _ in range(ROUNDS):
            require_session(connection, backend)
    return backend


def require_session(connection: Connection, backend: int) -> None:
    """Raise SettingError if another server process answers now."""
    if connection.scalar(text("select pg_backend_pid()")) != backend:
        raise pooled("the session changed between two statements")


def pooled(why: str) -> SettingError:
    return SettingError(
        f"the connection goes through a pooler in transaction mode, where a lock does not hold: {why}",
        "set DATABASE_URL_DIRECT to the database's own address, past the pooler",
    )

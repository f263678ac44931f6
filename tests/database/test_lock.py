"""The lock of runs: who holds it, who waits, and connections that cannot hold one."""

import threading
from collections.abc import Iterator

import pytest
from conftest import MakeDatabase
from sqlalchemy import Engine, create_engine, text
from support.pooler import Pooler

from standing.database.connect import connect
from standing.database.embedded import ROLE, Server
from standing.database.lock import LOCK_KEY, LockLost, LockTaken, end_leftovers, run_lock
from standing.errors import SettingError
from standing.settings import Settings

pytestmark = pytest.mark.usefixtures("no_pictures")

HOLDERS = text(
    "select count(*) from pg_locks where locktype = 'advisory' and objsubid = 1 and granted"
    " and database = (select oid from pg_database where datname = current_database())"
)


def cut(engine: Engine, backend: int) -> None:
    """End a server process and wait until it is gone."""
    with engine.connect() as connection:
        connection.execute(text("select pg_terminate_backend(:pid, 10000)"), {"pid": backend})


def test_lock_is_held_once_and_freed_at_the_end(engine: Engine) -> None:
    with run_lock(engine, 0), pytest.raises(LockTaken), run_lock(engine, 0):
        pass
    with run_lock(engine, 0), engine.connect() as connection:
        assert connection.scalar(HOLDERS) == 1
    with engine.connect() as connection:
        assert connection.scalar(HOLDERS) == 0


def test_holder_is_named_with_run_and_time(make_database: MakeDatabase, upgraded_template: str) -> None:
    with connect(make_database(template=upgraded_template)) as engine:
        with engine.begin() as connection:
            connection.execute(
                text(
                    "insert into standing.runs (selection, as_of, status)"
                    " values ('scores', now(), 'running')"
                )
            )
        with run_lock(engine, 0) as lock, pytest.raises(LockTaken) as refused, run_lock(engine, 0):
            pass
    said = f"run 1 (scores), server process {lock.backend} from this machine, since 20"
    assert said in refused.value.message


def test_who_waits_says_for_whom_and_gets_the_lock_when_it_is_free(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "standing")
    got = threading.Event()

    def wait() -> None:
        with run_lock(engine, 1):
            got.set()

    with run_lock(engine, 0) as held:
        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not got.wait(1)
    waiting.join(600)
    assert f"waits for another run to end: server process {held.backend}" in caplog.text
    assert got.is_set()


def test_holder_whose_connection_is_cut_cannot_write_and_blocks_nobody(engine: Engine) -> None:
    with run_lock(engine, 0) as first:
        with engine.begin() as chunk:
            first.require(chunk)
        cut(engine, first.backend)
        with run_lock(engine, 0) as second:
            with pytest.raises(LockLost), engine.begin() as chunk:
                first.require(chunk)
            with engine.begin() as chunk:
                second.require(chunk)


def test_successor_waits_for_the_chunk_that_a_cut_off_holder_is_writing(engine: Engine) -> None:
    with run_lock(engine, 0) as first:
        with engine.begin() as chunk:
            first.require(chunk)
            cut(engine, first.backend)
            began = threading.Event()

            def succeed() -> None:
                with run_lock(engine, 1):
                    began.set()

            successor = threading.Thread(target=succeed)
            successor.start()
            assert not began.wait(1.5)
        successor.join(600)
        assert began.is_set()


def test_process_number_used_again_is_not_taken_for_the_holder(engine: Engine) -> None:
    with run_lock(engine, 0) as lock, engine.begin() as connection:
        other = type(lock)(lock.backend, lock.token + 1)
        with pytest.raises(LockLost):
            other.require(connection)


def test_leftovers_of_a_killed_run_are_ended(engine: Engine) -> None:
    left = create_engine(engine.url, connect_args={"application_name": "standing build x"})
    connection = left.connect()
    backend = connection.scalar(text("select pg_backend_pid()"))
    assert end_leftovers(engine, "standing build other") == 0
    assert end_leftovers(engine, "standing build x") == 1
    with engine.connect() as here:
        alive = text("select count(*) from pg_stat_activity where pid = :pid")
        assert here.scalar(alive, {"pid": backend}) == 0
    connection.invalidate()
    left.dispose()


@pytest.fixture(params=[False, True], ids=["last in first out", "in turn"])
def pooled(
    request: pytest.FixtureRequest, settings: Settings, engine: Engine, postgres: Server
) -> Iterator[Engine]:
    """An engine whose connections go through a pooler to the same database."""
    pooler = Pooler(postgres.sockets, ROLE, str(engine.url.database), in_turn=request.param)
    url = engine.url.set(query={}, host="127.0.0.1", port=pooler.port).update_query_dict(
        {"sslmode": "disable", "gssencmode": "disable"}
    )
    through = create_engine(url)
    yield through
    through.dispose()
    pooler.close()


def test_transaction_pooler_lends_its_sessions(pooled: Engine) -> None:
    """The pooler is one: two open connections, one after the other, are served by one process."""
    with pooled.connect() as one, pooled.connect() as other:
        pids = set()
        for connection in (one, other, one, other):
            pids.add(connection.scalar(text("select pg_backend_pid()")))
            connection.rollback()
    assert len(pids) <= 2
    with pooled.connect() as one, pooled.connect() as other:
        first = one.scalar(text("select pg_backend_pid()"))
        one.rollback()
        seen = set()
        for _ in range(2):
            seen.add(other.scalar(text("select pg_backend_pid()")))
            other.rollback()
        assert first in seen


def test_lock_through_a_transaction_pooler_is_refused(pooled: Engine, engine: Engine) -> None:
    for _ in range(5):
        with (
            pytest.raises(SettingError, match="pooler in transaction mode") as refused,
            run_lock(pooled, 0),
        ):
            pass
        assert "DATABASE_URL_DIRECT" in refused.value.fix
    with engine.connect() as connection:
        assert connection.scalar(HOLDERS) == 0


def test_lock_past_the_pooler_is_held(pooled: Engine, engine: Engine) -> None:
    direct = engine.url.render_as_string(hide_password=False)
    with run_lock(pooled, 0, direct) as lock:
        with pooled.begin() as chunk:
            lock.require(chunk)
        with engine.connect() as connection:
            assert connection.scalar(HOLDERS) == 1


def test_lock_in_another_database_is_refused(make_database: MakeDatabase, engine: Engine) -> None:
    elsewhere = make_database().database_url
    with pytest.raises(SettingError, match="another database"), run_lock(engine, 0, elsewhere):
        pass


def test_lock_held_by_our_own_session_is_no_lock(engine: Engine) -> None:
    """As after a reconnect through a pooler: the session we get holds the lock already."""
    from sqlalchemy import event

    @event.listens_for(Engine, "connect")
    def take(connection: object, record: object) -> None:
        connection.execute(f"select pg_try_advisory_lock({LOCK_KEY})")  # type: ignore[attr-defined]
        connection.commit()  # type: ignore[attr-defined]

    try:
        with pytest.raises(SettingError, match="held the lock before"), run_lock(engine, 0):
            pass
    finally:
        event.remove(Engine, "connect", take)

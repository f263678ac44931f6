"""The application goes on writing while the upgrade works, and meets nothing but short waits."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from support import legacy
from support.waiting import until

from standing.database.conninfo import conninfo
from standing.database.lock import LockTaken
from standing.settings import Settings
from standing.upgrade.migration import migrate, rollback
from standing.upgrade.session import LockedOut, Pace, exclusive_session

CROWD = "insert into users (id) select md5(n::text)::uuid from generate_series(1, 3000) as n"


@contextmanager
def application(engine: Engine) -> Iterator[dict[str, list[str]]]:
    """Registers members, renames them and takes orders, until the block ends; gives what it did."""
    done: dict[str, list[str]] = {"members": [], "errors": []}
    stop = threading.Event()
    url = conninfo(engine.url)

    def act() -> None:
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                while not stop.is_set():
                    member = str(uuid.uuid4())
                    with connection.transaction():
                        connection.execute("insert into users (id) values (%s)", [member])
                        connection.execute(
                            "insert into orders (buyer_id, status)"
                            " select %s, 'completed' from generate_series(1, 6)",
                            [member],
                        )
                    with connection.transaction():
                        connection.execute(
                            "update users set display_name = 'Somchai' where id = %s", [member]
                        )
                        whale = "update users set display_name = %s where id = %s"
                        connection.execute(whale, [member, legacy.IDS["whale"]])
                    done["members"].append(member)
        except psycopg.Error as error:
            done["errors"].append(str(error))

    threads = [threading.Thread(target=act) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield done
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_members_who_register_meanwhile_are_upgraded_too(settings: Settings, engine: Engine) -> None:
    legacy.fill(engine)
    with engine.begin() as connection:
        connection.execute(text(CROWD))
    before_the_walks = []

    def report(name: str, members: int, total: int) -> None:
        if not total and not name.startswith(("change log of", "the first terms of points")):
            before_the_walks[:] = done["members"]

    with application(engine) as done:
        until(lambda: len(done["members"]) > 10, "members who registered")
        migrate(settings, engine, report, pace=Pace(batch=100))
    assert done["errors"] == []
    assert len(before_the_walks) > 10
    with engine.connect() as connection:
        lost = "select count(*) from users where id = any(:ids) and display_name is distinct from 'Somchai'"
        assert connection.scalar(text(lost), {"ids": done["members"]}) == 0
        scores = text("select distinct trust_score ->> 'transaction_score' from users where id = any(:ids)")
        assert connection.scalars(scores, {"ids": before_the_walks}).all() == ["40"]
        # Who registered after the walk has the column's default, until the first run.
        assert set(connection.scalars(scores, {"ids": done["members"]})) <= {"0", "40"}
    migrate(settings, engine)
    with engine.connect() as connection:
        unequal = """
        select count(*) from users as u
        left join loyalty_programs as l on l.user_id = u.id
        left join points_transactions as p on p.user_id = u.id
        where l.points_balance is distinct from 100 or p.balance_after is distinct from 100
        """
        assert connection.scalar(text(unequal)) == 0


def test_rollback_beside_the_application_takes_everything_back(settings: Settings, engine: Engine) -> None:
    legacy.fill(engine)
    before = legacy.dump(engine.url, "--schema-only")
    migrate(settings, engine)
    with application(engine) as done:
        rollback(settings, engine)
    assert done["errors"] == []
    assert legacy.dump(engine.url, "--schema-only") == before


def release_once_in_the_way(engine: Engine, reader: Connection) -> None:
    """Ends the reader's transaction once somebody waits for what it holds."""
    waits = text(
        "select count(*) from pg_stat_activity"
        " where datname = current_database() and wait_event_type = 'Lock'"
    )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as watch:
        until(lambda: watch.scalar(waits), "a step that waits")
    reader.rollback()


def test_a_step_waits_for_a_long_transaction_without_holding_others_up(
    settings: Settings, engine: Engine
) -> None:
    legacy.fill(engine)
    with engine.connect() as reader:
        reader.execute(text("select count(*) from users"))
        release = threading.Thread(target=release_once_in_the_way, args=(engine, reader))
        release.start()
        migrate(settings, engine, pace=Pace(lock_timeout=20))
        release.join()
    with engine.connect() as connection:
        assert connection.scalar(text("select count(*) from users where trust_score is null")) == 0


def test_whoever_stands_in_the_way_is_named(settings: Settings, engine: Engine) -> None:
    legacy.fill(engine)
    with engine.connect() as reader:
        reader.execute(text("select count(*) from users"))
        backend = reader.scalar(text("select pg_backend_pid()"))
        with pytest.raises(LockedOut, match=f"server process {backend}"):
            migrate(settings, engine, pace=Pace(lock_timeout=20, patience=0.2))
    migrate(settings, engine)


def test_two_upgrades_do_not_work_at_once(settings: Settings, engine: Engine) -> None:
    legacy.fill(engine)
    with exclusive_session(engine), pytest.raises(LockTaken):
        migrate(settings, engine, pace=Pace(queue=0))
    assert migrate(settings, engine).steps


SLOW_VACUUM = """
alter table public.users set (
    autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1, autovacuum_vacuum_threshold = 1,
    autovacuum_vacuum_scale_factor = 0
);
insert into users (id) select md5(n::text)::uuid from generate_series(1, 20000) as n;
update users set display_name = 'Somchai';
"""
VACUUMING = """
select a.pid from pg_stat_progress_vacuum as v join pg_stat_activity as a using (pid)
where a.datname = current_database() and a.usesysid is null
"""


def vacuuming(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.scalars(text(VACUUMING)))


@pytest.fixture
def often_vacuumed(administer: Callable[[str], None]) -> Iterator[None]:
    administer("alter system set autovacuum_naptime = '1s'")
    administer("select pg_reload_conf()")
    yield
    administer("alter system reset autovacuum_naptime")
    administer("select pg_reload_conf()")


@pytest.mark.usefixtures("often_vacuumed")
@pytest.mark.parametrize("privileged", [True, False], ids=["superuser", "owner"])
def test_autovacuum_gives_way(settings: Settings, engine: Engine, privileged: bool) -> None:
    legacy.fill(engine)
    owner = f"owner_{engine.url.database}"
    with engine.begin() as connection:
        connection.exec_driver_sql(SLOW_VACUUM)
        connection.exec_driver_sql(f"create role {owner} login")
        connection.exec_driver_sql(f"grant create on database {engine.url.database} to {owner}")
        connection.exec_driver_sql(f"grant all on schema public to {owner}")
        for table in ("users", "seller_profiles", "products", "orders", "reviews", "admin_users"):
            connection.exec_driver_sql(f"alter table {table} owner to {owner}")
    working = until(lambda: vacuuming(engine), "autovacuum at work")
    role = engine if privileged else create_engine(engine.url.set(username=owner))
    try:
        migrate(settings, role, pace=Pace(patience=60))
    finally:
        if role is not engine:
            role.dispose()
        assert working[0] not in vacuuming(engine)
        with engine.begin() as connection:
            connection.exec_driver_sql(f"reassign owned by {owner} to current_user; drop owned by {owner}")
            connection.exec_driver_sql(f"drop role {owner}")

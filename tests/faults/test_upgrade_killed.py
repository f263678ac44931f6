"""migrate and rollback, killed at random moments, end where an undisturbed one ends."""

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
from conftest import MakeDatabase
from sqlalchemy import Engine, text
from support import legacy

from standing.database.connect import connect
from standing.settings import Settings
from standing.upgrade.migration import migrate, rollback
from standing.upgrade.session import Pace

MANY = pytest.mark.parametrize("kills", [3, pytest.param(60, marks=pytest.mark.prove)])
PACE = Pace(batch=25)

#: Enough members for some forty batches, with documents and programmes that were there before.
CROWD = """
insert into users (id, created_at)
    select md5('crowd' || n)::uuid, '2025-01-01' from generate_series(1, 400) as n;
insert into orders (buyer_id, seller_id, status, created_at)
select u.id, s.id, 'completed', '2025-02-01'
from (select id from users order by id limit 40) as u
cross join (select id from seller_profiles order by id limit 1) as s
cross join generate_series(1, 7);
create table public.loyalty_programs (
    id uuid primary key default gen_random_uuid(), user_id uuid not null unique,
    points_balance integer default 0, points_lifetime integer default 0
);
insert into loyalty_programs (user_id, points_balance, points_lifetime)
select id, 40, 90 from users order by id limit 60;
alter table seller_profiles add column performance jsonb;
update seller_profiles set performance = '{"total_sales": 3}' where rating_score = 4.6;
"""

STATE = (
    """select id, trust_score - '{last_calculated,next_review}'::text[], preferences - 'updated_at'
    from users order by id""",
    """select id, ratings - 'last_updated', tier_info - 'tier_achieved_at', performance - 'last_calculated'
    from seller_profiles order by id""",
    "select user_id, points_balance, points_lifetime from loyalty_programs order by user_id",
    "select user_id, type, amount, balance_after, source from points_transactions order by user_id",
    "select kind, schema_name, table_name, name from standing.upgrade_ledger order by 1, 2, 3, 4",
    "select table_name, column_name, member_id, old from standing.upgrade_kept order by 1, 2, 3",
    "select table_name, count(*) from standing.upgrade_rows group by 1 order by 1",
    "select version_num from standing.alembic_version",
)


def state(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        found: list[Any] = [connection.execute(text(one)).all() for one in STATE]
    return [*found, legacy.dump(engine.url, "--schema-only")]


def work(settings: Settings, forward: bool) -> None:
    with connect(settings) as engine:
        if forward:
            migrate(settings, engine, pace=PACE)
        else:
            rollback(settings, engine, pace=PACE, force=True)


def kill_after(seconds: float, settings: Settings, forward: bool) -> None:
    """Start the work in a process of its own and kill it, if it lives that long."""
    child = multiprocessing.get_context("fork").Process(target=work, args=(settings, forward))
    child.start()
    child.join(seconds)
    if child.pid and child.is_alive():
        os.kill(child.pid, signal.SIGKILL)
    child.join()


def half_way(engine: Engine) -> bool:
    with engine.connect() as connection:
        return bool(connection.scalar(text("select to_regnamespace('standing') is not null")))


@pytest.fixture
def crowd(make_database: MakeDatabase) -> Callable[[], Settings]:
    """Gives a new copy of one legacy database each time."""
    template = make_database()
    with connect(template) as engine:
        name = engine.url.database
        legacy.fill(engine)
        with engine.begin() as connection:
            connection.execute(text(CROWD))
    return lambda: make_database(template=name)


@pytest.mark.timeout(3600)
@MANY
def test_killed_migrate_ends_like_an_undisturbed_one(
    crowd: Callable[[], Settings], kills: int, seed: int
) -> None:
    settings = crowd()
    with connect(settings) as engine:
        started = time.monotonic()
        migrate(settings, engine, pace=PACE)
        whole = time.monotonic() - started
        undisturbed = state(engine)
    moments = random.Random(seed)  # noqa: S311 (moments, not secrets)
    for kill in range(kills):
        settings = crowd()
        after = moments.uniform(0, 1.3 * whole)
        kill_after(after, settings, forward=True)
        with connect(settings) as engine:
            migrate(settings, engine, pace=PACE)
            assert state(engine) == undisturbed, f"kill {kill} of seed {seed}, after {after:.3f} s"


@pytest.mark.timeout(3600)
@MANY
def test_killed_rollback_ends_like_an_undisturbed_one(
    crowd: Callable[[], Settings], kills: int, seed: int
) -> None:
    settings = crowd()
    with connect(settings) as engine:
        legacy_state = [legacy.dump(engine.url, "--schema-only"), legacy.rows(engine)]
        migrate(settings, engine, pace=PACE)
        started = time.monotonic()
        rollback(settings, engine, pace=PACE)
        whole = time.monotonic() - started
    moments = random.Random(seed)  # noqa: S311 (moments, not secrets)
    for kill in range(kills):
        settings = crowd()
        with connect(settings) as engine:
            migrate(settings, engine, pace=PACE)
        after = moments.uniform(0, 1.3 * whole)
        kill_after(after, settings, forward=False)
        with connect(settings) as engine:
            if half_way(engine):
                rollback(settings, engine, pace=PACE, force=True)
            now = [legacy.dump(engine.url, "--schema-only"), legacy.rows(engine)]
            assert now == legacy_state, f"kill {kill} of seed {seed}, after {after:.3f} s"


@pytest.mark.timeout(3600)
@MANY
def test_migrate_after_a_killed_rollback_is_a_whole_upgrade(
    crowd: Callable[[], Settings], kills: int, seed: int
) -> None:
    settings = crowd()
    with connect(settings) as engine:
        migrate(settings, engine, pace=PACE)
        undisturbed = state(engine)
    moments = random.Random(seed)  # noqa: S311 (moments, not secrets)
    for kill in range(kills):
        after = moments.uniform(0, 0.8)
        kill_after(after, settings, forward=False)
        with connect(settings) as engine:
            migrate(settings, engine, pace=PACE)
            assert state(engine) == undisturbed, f"kill {kill} of seed {seed}, after {after:.3f} s"

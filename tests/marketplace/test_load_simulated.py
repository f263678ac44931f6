"""`standing load simulated` on real PostgreSQL, through the command line."""

from collections.abc import Callable

import numpy as np
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, text

from standing.cli import standing
from standing.database.owners import MARK
from standing.errors import SettingError, StandingError
from standing.marketplace.ground import OPTIONAL, REQUIRED
from standing.settings import Settings, current

ARGUMENTS = ("--users", "300", "--orders", "4000", "--until", "2026-01-01")
Load = Callable[..., Result]


@pytest.fixture
def load(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Runs `standing load ...` on the test's database; raises what the command raises."""
    monkeypatch.setenv("STANDING_HOME", str(settings.home))
    monkeypatch.setenv("DATABASE_URL", str(settings.database_url))

    def run(*arguments: str) -> Result:
        current.cache_clear()
        try:
            return CliRunner().invoke(standing, ["load", *arguments], catch_exceptions=False)
        finally:
            current.cache_clear()

    return run


def content(engine: Engine) -> dict[str, str]:
    """A hash of the rows of each table."""
    query = "select md5(string_agg(t::text, '|' order by t::text)) from {} as t"
    tables = [*REQUIRED, *OPTIONAL, "simulation.simulation_truth"]
    with engine.connect() as connection:
        return {table: str(connection.scalar(text(query.format(table)))) for table in tables}


def numbers(engine: Engine, query: str) -> list[int]:
    with engine.connect() as connection:
        return [int(value) for value in connection.execute(text(query)).one()]


def tables(engine: Engine) -> int:
    query = "select count(*) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
    return numbers(engine, query)[0]


def test_same_arguments_give_the_same_rows_and_another_seed_others(load: Load, engine: Engine) -> None:
    load("simulated", *ARGUMENTS)
    first = content(engine)
    load("simulated", *ARGUMENTS, "--replace")
    assert content(engine) == first
    load("simulated", *ARGUMENTS, "--seed", "2", "--replace")
    second = content(engine)
    assert [name for name in first if first[name] == second[name]] == []


def test_history_is_whole(load: Load, engine: Engine) -> None:
    result = load("simulated", *ARGUMENTS)
    assert "4,000" in result.stdout
    with engine.connect() as connection:
        counts = {t: connection.scalar(text(f"select count(*) from {t}")) for t in (*REQUIRED, *OPTIONAL)}
        statuses = set(connection.scalars(text("select distinct status from orders")))
        indexes = set(
            connection.scalars(
                text("select indexdef from pg_indexes where tablename in ('orders', 'reviews')")
            )
        )
    assert counts["users"] == 300
    assert counts["orders"] == 4000
    assert all(counts.values()), counts
    assert statuses >= {"completed", "cancelled", "returned", "refunded", "shipped", "processing"}
    assert len(indexes) == 2, "the legacy database has primary keys only"


def test_keys_hold_and_times_are_in_order(load: Load, engine: Engine) -> None:
    load("simulated", *ARGUMENTS)
    wrong = numbers(
        engine,
        """
        select
            count(*) filter (where o.paid_at < o.created_at),
            count(*) filter (where o.shipped_at < o.paid_at),
            count(*) filter (where o.delivered_at < o.shipped_at),
            count(*) filter (where o.completed_at < o.delivered_at),
            count(*) filter (where o.cancelled_at < o.created_at),
            count(*) filter (where u.created_at > o.created_at),
            count(*) filter (where s.created_at > o.created_at),
            count(*) filter (where o.updated_at > '2026-01-01 00:00+07'),
            count(*) filter (where o.cancelled_at is not null and o.status <> 'cancelled'),
            count(*) filter (where o.refunded_amount > o.total_amount)
        from orders as o
        join users as u on u.id = o.buyer_id
        join seller_profiles as s on s.id = o.seller_id
        """,
    )
    assert wrong == [0] * 10
    others = numbers(
        engine,
        """
        select
            (select count(*) from order_items i join orders o on o.id = i.order_id
                join products p on p.id = i.product_id
                where p.seller_id <> o.seller_id or p.created_at > o.created_at),
            (select count(*) from reviews r join orders o on o.id = r.order_id
                where r.created_at < o.delivered_at or r.reviewer_id <> o.buyer_id),
            (select count(*) from messages where sender_id = recipient_id),
            (select count(*) from disputes where (resolved_at is null) <> (decided_against is null)),
            (select count(*) from pg_constraint where contype in ('p', 'f') and not convalidated)
        """,
    )
    assert others == [0] * 5


def test_stored_ratings_are_the_mean_of_the_reviews(load: Load, engine: Engine) -> None:
    load("simulated", *ARGUMENTS)
    off, unrated = numbers(
        engine,
        """
        select
            count(*) filter (where s.rating_count <> coalesce(r.n, 0)
                or s.rating_score is distinct from round(r.mean, 2)),
            count(*) filter (where s.rating_count = 0)
        from seller_profiles as s
        left join (select seller_id, count(*) as n, avg(rating) as mean from reviews group by 1) as r
            on r.seller_id = s.id
        """,
    )
    assert off == 0
    assert unrated > 0


def test_truth_is_kept_of_every_member(load: Load, engine: Engine) -> None:
    load("simulated", *ARGUMENTS)
    users, sellers, crooked = numbers(
        engine,
        """
        select count(u.id), count(s.id), count(*) filter (where t.fraud)
        from simulation.simulation_truth as t
        left join users as u on u.id = t.member_id and t.role = 'user'
        left join seller_profiles as s on s.id = t.member_id and t.role = 'seller'
        """,
    )
    assert [users, sellers] == numbers(
        engine, "select (select count(*) from users), (select count(*) from seller_profiles)"
    )
    assert crooked > 0


def test_second_load_writes_nothing(load: Load, engine: Engine) -> None:
    load("simulated", *ARGUMENTS)
    loaded_at = "select extract(epoch from loaded_at) * 1000000 from simulation.loads"
    before = numbers(engine, loaded_at)
    assert "already loaded" in load("simulated", *ARGUMENTS).stdout
    assert "already loaded" in load("simulated", *ARGUMENTS[:4]).stdout, "the end was left to us"
    assert numbers(engine, loaded_at) == before


def test_another_load_needs_replace_which_drops_what_was_derived(load: Load, engine: Engine) -> None:
    load("simulated", *ARGUMENTS)
    with engine.begin() as connection:
        for schema in ("standing", "standing_build"):
            connection.execute(text(f"create schema {schema}"))
            connection.execute(text(f"create table {schema}.derived (id int)"))
            for made in (f"schema {schema}", f"table {schema}.derived"):
                connection.execute(text(f"comment on {made} is '{MARK}'"))
    with pytest.raises(SettingError, match=r"(?s)test_.*--replace"):
        load("simulated", "--users", "200", "--orders", "100")
    load("simulated", "--users", "200", "--orders", "100", "--replace")
    assert numbers(engine, "select count(*) from users") == [200]
    assert numbers(engine, "select count(*) from pg_namespace where nspname like 'standing%'") == [0]


def test_tables_of_a_real_application_are_never_dropped(load: Load, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("create table orders (id int)"))
        connection.execute(text("insert into orders values (1)"))
    for more in ((), ("--replace",)):
        with pytest.raises(SettingError, match="did not make"):
            load("simulated", *ARGUMENTS, *more)
    assert numbers(engine, "select count(*) from orders") == [1]
    assert tables(engine) == 1


def test_application_that_took_the_place_of_a_load_is_not_dropped(load: Load, engine: Engine) -> None:
    load("simulated", *ARGUMENTS)
    with engine.begin() as connection:
        connection.execute(text("drop table orders cascade"))
        connection.execute(text("create table orders (id int)"))
    with pytest.raises(SettingError, match=r"refused: `standing load` did not make orders "):
        load("simulated", *ARGUMENTS, "--replace")
    assert numbers(engine, "select count(*) from users") == [300]


def test_failed_load_leaves_nothing_behind(
    load: Load, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    not_utf8 = np.array([b"\xff"] * 9)
    monkeypatch.setattr("standing.marketplace.ledger.pool", lambda words: not_utf8)
    with pytest.raises(StandingError, match="left nothing behind"):
        load("simulated", *ARGUMENTS)
    assert tables(engine) == 0


def test_as_many_shops_as_asked_for_and_no_number_that_cannot_be(load: Load, engine: Engine) -> None:
    for wrong in ("4", "101"):
        with pytest.raises(
            SettingError, match=f"--sellers {wrong}: 200 users can have from 5 to 100 shops"
        ):
            load("simulated", "--users", "200", "--orders", "100", "--sellers", wrong)
    assert tables(engine) == 0
    load("simulated", "--users", "200", "--orders", "100", "--sellers", "100")
    assert numbers(engine, "select count(*), count(distinct user_id) from seller_profiles") == [100, 100]


def test_another_schema_is_made_and_used(
    load: Load, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STANDING_APPLICATION_SCHEMA", "Shop one")
    load("simulated", "--users", "100", "--orders", "50")
    assert numbers(engine, 'select count(*) from "Shop one".orders') == [50]
    assert numbers(engine, "select count(*) from pg_tables where schemaname = 'public'") == [0]


@pytest.mark.parametrize("until", ["yesterday", "2999-01-01", "1999-01-01"])
def test_an_end_that_cannot_be_is_refused(load: Load, engine: Engine, until: str) -> None:
    with pytest.raises(SettingError, match=until):
        load("simulated", "--until", until)
    assert tables(engine) == 0

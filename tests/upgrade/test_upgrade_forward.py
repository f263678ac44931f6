"""What a database has after `standing migrate`."""

import pytest
from conftest import MakeDatabase
from sqlalchemy import Engine, text
from support import legacy

from standing.errors import UnfitDatabase
from standing.settings import Settings
from standing.upgrade.migration import migrate


@pytest.fixture
def upgraded(settings: Settings, engine: Engine) -> Engine:
    legacy.fill(engine)
    migrate(settings, engine)
    return engine


def scalar(engine: Engine, statement: str, **parameters: object) -> object:
    with engine.connect() as connection:
        return connection.scalar(text(statement), parameters)


@pytest.mark.parametrize(
    ("name", "score"), [("whale", 80), ("regular", 60), ("sometimes", 40), ("rare", 20), ("browser", 20)]
)
def test_transaction_score_follows_completed_orders(upgraded: Engine, name: str, score: int) -> None:
    found = scalar(upgraded, "select trust_score from users where id = :id", id=legacy.IDS[name])
    assert found["transaction_score"] == score
    assert found["overall_score"] == 50
    assert found["next_review"] > found["last_calculated"]


def test_everybody_has_one_bonus_and_an_agreeing_ledger(upgraded: Engine, settings: Settings) -> None:
    with upgraded.begin() as connection:
        connection.execute(text("truncate standing.upgrade_progress"))
        connection.execute(text("update standing.alembic_version set version_num = 'indexes'"))
    migrate(settings, upgraded)
    with upgraded.connect() as connection:
        found = connection.execute(
            text("""
            select
                l.points_balance, l.points_lifetime, l.tier, l.member_since::text,
                p.amount, p.balance_after
            from loyalty_programs as l join points_transactions as p using (user_id)
            """)
        ).all()
    assert found == [(100, 100, "bronze", "2024-02-29 17:30:00", 100, 100)] * len(legacy.NAMES)


def test_seller_documents_keep_every_key(upgraded: Engine) -> None:
    star = scalar(upgraded, "select ratings from seller_profiles where id = :id", id=legacy.IDS["star"])
    assert star["overall"] == star["packaging"] == 4.6
    assert star["total_reviews"] == 31
    assert star["rating_distribution"]["five_star"] == 0
    assert {"last_30_days_avg", "last_90_days_avg", "last_updated"} <= set(star)
    tier = scalar(upgraded, "select tier_info from seller_profiles where id = :id", id=legacy.IDS["star"])
    assert (tier["current_tier"], tier["tier_level"], tier["commission_rate"]) == ("established", 3, 5.0)


@pytest.mark.parametrize("name", ["unrated", "sleeper"])
def test_seller_without_rating_or_sales_starts(upgraded: Engine, name: str) -> None:
    tier = scalar(upgraded, "select tier_info from seller_profiles where id = :id", id=legacy.IDS[name])
    assert (tier["current_tier"], tier["tier_level"]) == ("starter", 1)


def test_second_migrate_finds_nothing_to_do(upgraded: Engine, settings: Settings) -> None:
    assert migrate(settings, upgraded).nothing


def test_a_bonus_of_zero_leaves_no_transaction(make_database: MakeDatabase) -> None:
    from standing.database.connect import connect

    settings = make_database(LOYALTY_WELCOME_BONUS=0)
    with connect(settings) as engine:
        legacy.fill(engine)
        migrate(settings, engine)
        assert scalar(engine, "select count(*) from points_transactions") == 0
        assert scalar(engine, "select count(*) from loyalty_programs where points_balance = 0") == 8
        assert scalar(engine, "select welcome_bonus from standing.loyalty_terms") == 0


def test_empty_database_is_refused_with_what_it_lacks(settings: Settings, engine: Engine) -> None:
    with pytest.raises(UnfitDatabase, match="users, seller_profiles, orders, reviews"):
        migrate(settings, engine)
    assert scalar(engine, "select to_regnamespace('standing')") is None


def test_no_table_with_rows_is_rewritten(settings: Settings, engine: Engine) -> None:
    legacy.fill(engine)
    files = "select array_agg(relfilenode order by oid) from pg_class where relname = any(:names)"
    names = ["users", "seller_profiles", "reviews", "orders", "admin_users"]
    before = scalar(engine, files, names=names)
    migrate(settings, engine)
    assert scalar(engine, files, names=names) == before


def test_members_who_came_later_are_enrolled_by_the_next_migrate(
    upgraded: Engine, settings: Settings
) -> None:
    with upgraded.begin() as connection:
        connection.execute(
            text("insert into users (id) select gen_random_uuid() from generate_series(1, 3)")
        )
    assert migrate(settings, upgraded).members == {"loyalty programmes": 3}
    assert scalar(upgraded, "select count(*) from points_transactions where balance_after = 100") == 11


def test_moments_in_documents_are_utc_text_whatever_the_time_zone(upgraded: Engine) -> None:
    with upgraded.begin() as connection:
        connection.execute(text("set local timezone = 'Asia/Bangkok'"))
        found = connection.execute(
            text("""
            insert into users default values
            returning
                trust_score ->> 'last_calculated',
                to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
            """)
        ).one()
    assert found[0] == found[1]

"""Rollback refuses to drop what the application entered since, says what, and goes when forced."""

import pytest
from sqlalchemy import Engine
from support import legacy

from standing.errors import NotUpgraded
from standing.settings import Settings
from standing.upgrade.migration import WouldLoseData, migrate, rollback

WHALE = f"'{legacy.IDS['whale']}'"


@pytest.fixture
def legacy_dump(settings: Settings, engine: Engine) -> str:
    """The schema before the upgrade; the database is upgraded afterwards."""
    legacy.fill(engine)
    before = legacy.dump(engine.url, "--schema-only")
    migrate(settings, engine)
    return before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            f"insert into wishlists (user_id, product_id) select {WHALE}, id from products",
            "wishlists: 1 row",
        ),
        (
            # What runs have posted beside it is no loss.
            f"""with entered as (
                insert into points_transactions
                    (user_id, type, amount, balance_after, source, description)
                values ({WHALE}, 'spend', -5, 95, 'reward', 'A mug'),
                    ({WHALE}, 'earn', 7, 102, 'order', 'Points for an order')
                returning id, user_id, source
            )
            insert into standing.history
            select 1, 'points', user_id, jsonb_build_object('postings', jsonb_build_array(
                jsonb_build_object('id', id))), '', now()
            from entered where source = 'order'""",
            "points_transactions: 1 row",
        ),
        (
            # Nor are the keys that runs write beside the application's.
            f"""update users set gamification = gamification || '{{"level": 3, "evidence": {{}}}}'
                || case when id = {WHALE} then '{{"login_streak": 1}}' else '{{}}' end::jsonb""",
            "users.gamification changed from its default: 1 row",
        ),
        (f"update users set kyc_status = 'verified' where id = {WHALE}", "users.kyc_status changed"),
        (
            "update reviews set title = 'Great', badges = '[1]'",
            "reviews.badges changed from its default: 1 row",
        ),
        (
            "update seller_profiles set business_info = '{}'",
            "seller_profiles.business_info changed from its default: 3 rows",
        ),
        (
            "create view public.loyal as select tier from loyalty_programs",
            "depends on it: view loyal on loyalty_programs",
        ),
        (
            "create view public.trusted as select trust_score from users",
            "view trusted on users.trust_score",
        ),
        (
            "create table public.coupons (reward_id uuid constraint of_reward references rewards (id))",
            "foreign key of_reward on rewards",
        ),
    ],
)
def test_entered_data_and_dependents_are_named(
    settings: Settings, engine: Engine, legacy_dump: str, change: str, said: str
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(f"insert into products (name) values ('Mug'); {change}")
    with pytest.raises(WouldLoseData, match=said):
        rollback(settings, engine)
    upgraded = legacy.dump(engine.url, "--schema-only")
    assert "trust_score" in upgraded
    rollback(settings, engine, force=True)
    with engine.begin() as connection:
        connection.exec_driver_sql("drop table if exists public.coupons")
    assert legacy.dump(engine.url, "--schema-only") == legacy_dump


def test_published_scores_are_no_loss(settings: Settings, engine: Engine, legacy_dump: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "update users set trust_score = '{}'; update seller_profiles set ratings = '{}'"
        )
    rollback(settings, engine)
    assert legacy.dump(engine.url, "--schema-only") == legacy_dump


def test_there_is_nothing_to_roll_back_before_the_upgrade(settings: Settings, engine: Engine) -> None:
    with pytest.raises(NotUpgraded):
        rollback(settings, engine)


def test_migrate_after_rollback_gives_the_same_again(
    settings: Settings, engine: Engine, legacy_dump: str
) -> None:
    first = legacy.dump(engine.url, "--schema-only")
    rollback(settings, engine)
    assert migrate(settings, engine).members["transaction scores"] == len(legacy.NAMES)
    assert legacy.dump(engine.url, "--schema-only") == first

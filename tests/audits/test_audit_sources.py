"""The audit of the application's tables: what each expectation says of a small marketplace."""

import pytest
from sqlalchemy import Engine, text

from expectations import FIRST, AuditScope, ExpectationResult, Verdict, validate
from standing.contract.application import REQUIRED
from standing.settings import Settings

MARKETPLACE = """
    create table users (
        id uuid, created_at timestamptz, last_login_at timestamptz, email_verified boolean
    );
    create table seller_profiles (
        id uuid, user_id uuid, rating_score numeric(3, 2), rating_count integer, created_at timestamptz
    );
    create table orders (
        id uuid, buyer_id uuid, seller_id uuid, status text, total_amount numeric(12, 2),
        created_at timestamptz, paid_at timestamptz, shipped_at timestamptz, delivered_at timestamptz,
        completed_at timestamptz, cancelled_at timestamptz, refunded_at timestamptz,
        refunded_amount numeric(12, 2)
    );
    create table reviews (
        id uuid, order_id uuid, seller_id uuid, reviewer_id uuid, rating integer, created_at timestamptz
    );
    create schema standing_build;

    create schema standing;
    create table standing.runs (run_id bigint, status text, as_of timestamptz, summary jsonb);
    create table standing_build.policy_numbers (name text, value numeric);
    insert into standing_build.policy_numbers values
        ('volume_loss', 0.05), ('volume_low_share', 0.3), ('volume_min_weekly', 50), ('shift_limit', 0.1),
        ('shift_min_members', 500);

    insert into users values ('00000000-0000-0000-0000-0000000000a1', now() - interval '1 year');
    insert into users values ('00000000-0000-0000-0000-0000000000a2', now() - interval '1 year');
    insert into seller_profiles values (
        '00000000-0000-0000-0000-0000000000b1', '00000000-0000-0000-0000-0000000000a2', 4.5, 1, now()
    );
    insert into orders values (
        '00000000-0000-0000-0000-0000000000c1', '00000000-0000-0000-0000-0000000000a1',
        '00000000-0000-0000-0000-0000000000b1', 'completed', 100, now() - interval '9 hours',
        now() - interval '8 hours', now() - interval '7 hours', now() - interval '6 hours',
        now() - interval '5 hours', null, null, null
    );
    insert into reviews values (
        '00000000-0000-0000-0000-0000000000d1', '00000000-0000-0000-0000-0000000000c1',
        '00000000-0000-0000-0000-0000000000b1', '00000000-0000-0000-0000-0000000000a1', 5, now()
    );
"""
ORDER = "00000000-0000-0000-0000-0000000000c1"
REVIEW = "00000000-0000-0000-0000-0000000000d1"
NOBODY = "00000000-0000-0000-0000-00000000dead"

#: What goes wrong, the expectation that says so, and the keys it shows.
BROKEN = {
    "users_id_is_not_null": ("update users set id = null where id::text like '%a1'", ["(no id)"]),
    "users_id_is_unique": (
        "insert into users select * from users where id::text like '%a1'",
        ["00000000-0000-0000-0000-0000000000a1"],
    ),
    "orders_id_is_unique": ("insert into orders select * from orders", [ORDER]),
    "users_created_at_is_not_null": (
        "update users set created_at = null where id::text like '%a1'",
        ["00000000-0000-0000-0000-0000000000a1"],
    ),
    "seller_profiles_rating_score_is_possible": (
        "update seller_profiles set rating_count = -1",
        ["00000000-0000-0000-0000-0000000000b1"],
    ),
    "seller_profiles_user_id_exists": (
        f"update seller_profiles set user_id = '{NOBODY}'",
        ["00000000-0000-0000-0000-0000000000b1"],
    ),
    "orders_buyer_id_exists": (f"update orders set buyer_id = '{NOBODY}'", [ORDER]),
    "orders_seller_id_exists": (f"update orders set seller_id = '{NOBODY}'", [ORDER]),
    "orders_buyer_id_is_not_null": ("update orders set buyer_id = null", [ORDER]),
    "orders_seller_id_is_not_null": ("update orders set seller_id = null", [ORDER]),
    "orders_status_is_not_null": ("update orders set status = null", [ORDER]),
    "orders_status_is_known": ("update orders set status = 'teleported'", [ORDER]),
    "orders_created_at_is_not_null": ("update orders set created_at = null", [ORDER]),
    "orders_created_at_is_not_in_the_future": (
        "update orders set created_at = now() + interval '1 day'",
        [ORDER],
    ),
    "orders_amount_is_not_negative": ("update orders set total_amount = -0.01", [ORDER]),
    "orders_refund_is_possible": ("update orders set refunded_amount = 100.01", [ORDER]),
    "orders_times_are_in_order": ("update orders set delivered_at = shipped_at - interval '1 s'", [ORDER]),
    "orders_are_fresh": ("update orders set created_at = now() - interval '3 days'", []),
    "orders_is_not_smaller_than_before": (
        "insert into standing.runs values"
        " (1, 'published', now(), '{\"volumes\": {\"orders\": 20000}}'), (2, 'failed', now(), '{}')",
        [],
    ),
    "orders_come_as_in_the_weeks_before": (
        "insert into orders (id, created_at)"
        " select gen_random_uuid(), now() - interval '20 days' from generate_series(1, 200)",
        [],
    ),
    "orders_is_not_empty": ("delete from orders", []),
    "users_is_not_empty": ("delete from users", []),
    "reviews_rating_is_from_1_to_5": ("update reviews set rating = 9", [REVIEW]),
    "reviews_order_id_exists": (f"update reviews set order_id = '{NOBODY}'", [REVIEW]),
    "reviews_seller_id_exists": (f"update reviews set seller_id = '{NOBODY}'", [REVIEW]),
    "reviews_reviewer_id_exists": (f"update reviews set reviewer_id = '{NOBODY}'", [REVIEW]),
    "reviews_created_at_is_not_null": ("update reviews set created_at = null", [REVIEW]),
    "sources_are_read_whole": (
        "alter table orders drop column buyer_id, alter column paid_at type text using 'soon'",
        ["orders.buyer_id", "orders.paid_at"],
    ),
}


#: How some of them are said: as people write numbers, one or several.
SAID = {
    "orders_status_is_known": "1 of 1 row: 1 unknown status",
    "orders_is_not_smaller_than_before": " rows, at the last published run 20,000",
}


@pytest.fixture
def marketplace(settings: Settings, engine: Engine) -> AuditScope:
    with engine.begin() as connection:
        connection.execute(text(MARKETPLACE))
    return AuditScope(str(settings.database_url), "standing_build", "public", ())


def change(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


def named(verdict: Verdict, name: str) -> ExpectationResult:
    return next(outcome for outcome in verdict.outcomes if outcome.expectation == name)


def test_a_sound_marketplace_passes_every_expectation(marketplace: AuditScope) -> None:
    verdict = validate("sources", marketplace)

    missed = [one for one in verdict.outcomes if not one.success]
    assert {(one.severity, one.observed) for one in missed} == {("info", FIRST)}
    assert [one.expectation for one in missed] == [
        f"{table}_is_not_smaller_than_before" for table in REQUIRED
    ]
    assert verdict.passed
    assert not verdict.warned
    assert set(BROKEN) <= {one.expectation for one in verdict.outcomes}


@pytest.mark.parametrize("name", BROKEN)
def test_each_expectation_finds_its_rows(name: str, marketplace: AuditScope, engine: Engine) -> None:
    statement, keys = BROKEN[name]
    change(engine, statement)

    outcome = named(validate("sources", marketplace), name)

    assert not outcome.success
    assert outcome.unexpected == max(1, len(keys))
    assert list(outcome.samples) == keys
    assert outcome.observed.endswith(SAID.get(name, ""))

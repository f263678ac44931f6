"""The audits of candidates and of published columns: what each expectation says of two small shops."""

import json

import pytest
from sqlalchemy import Engine

from expectations import FIRST, AuditScope, ExpectationResult, Verdict, validate
from standing.contract.targets import DOCUMENTS
from standing.settings import Settings

ANONG = "00000000-0000-0000-0000-0000000000a1"
BOON = "00000000-0000-0000-0000-0000000000a2"
LATER = "00000000-0000-0000-0000-0000000000a3"
SHOP = "00000000-0000-0000-0000-0000000000b1"

TRUST = {
    "overall_score": 54.0,
    "level": "bronze",
    "identity_score": 40,
    "transaction_score": 20,
    "behavior_score": 0,
    "community_score": 0,
    "factors": {
        "positive": [
            {
                "code": "orders",
                "points": 6.5,
                "label_en": "Orders",
                "label_th": "คำสั่งซื้อ",
                "evidence": {"value": 3},
            }
        ],
        "negative": [
            {"code": "warned", "points": -2.5, "label_en": "Warned", "label_th": "ถูกเตือน", "evidence": {}}
        ],
    },
    "evidence": {"response_rate": {"num": 1, "den": 2, "from": None, "to": None, "k": 10, "prior": 80}},
    "last_calculated": "2026-03-01T00:00:00Z",
    "next_review": "2026-03-08T00:00:00Z",
}
RATINGS = {
    "overall": 4.67,
    "total_reviews": 3,
    "product_quality": 4.67,
    "communication": 4.5,
    "shipping_speed": 4.67,
    "packaging": 4.67,
    "accuracy": 4.67,
    "value_for_money": 4.67,
    "rating_distribution": {"five_star": 2, "four_star": 1, "three_star": 0, "two_star": 0, "one_star": 0},
    "rating_trend": "stable",
    "last_30_days_avg": 0,
    "last_90_days_avg": 5.00,
    "adjusted": 4.38,
    "last_updated": "2026-03-01T00:00:00Z",
    "evidence": {
        "overall": {"num": 14, "den": 3, "from": None, "to": None},
        "last_30_days_avg": {"num": 0, "den": 0, "from": None, "to": None},
        "last_90_days_avg": {"num": 5, "den": 1, "from": None, "to": None},
        "adjusted": {"num": 14, "den": 3, "k": 5, "prior": 4.2, "from": None, "to": None},
    },
}
TIER = {
    "current_tier": "rising",
    "tier_level": 2,
    "benefits": ["reduced_commission"],
    "commission_rate": 4.5,
    "boost_multiplier": 1.1,
    "priority_support": False,
    "tier_achieved_at": "2026-02-01T00:00:00.123+00:00",
    "tier_change_history": [],
    "next_tier": {"tier": "established", "orders_needed": 3, "buyers_needed": 2, "rating_needed": 0},
    "evidence": {"completed_orders": 47, "buyers": 23},
}
GAMIFICATION = {
    "experience_points": 120,
    "level": 2,
    "points_to_next_level": 180,
    "purchase_streak": 3,
    "review_streak": 0,
    "milestones_completed": ["purchases_10"],
    "badges": [{"code": "first_purchase", "earned_at": "2026-02-01T00:00:00Z"}],
    "achievements": [],
    "evidence": {
        "experience": {
            "purchases": {"count": 11, "each": 10, "points": 110},
            "reviews": {"count": 2, "each": 5, "points": 10},
        },
        "partners": 2,
    },
}
HALF = {"num": 1, "den": 2, "from": None, "to": None}
BEHAVIOR = {
    **dict.fromkeys(("response_rate", "completion_rate", "cancellation_rate", "dispute_rate"), 50.00),
    **dict.fromkeys(("response_time_avg", "response_time_median", "avg_session_duration"), 12.34),
    **dict.fromkeys(("active_days_last_30", "report_count", "warning_count", "helpful_reviews_count"), 1),
    "last_active": "2026-02-28T00:00:00Z",
    "risk_level": "medium",
    "risk_factors": ["warned"],
    "last_updated": "2026-03-01T00:00:00Z",
    "evidence": dict.fromkeys(
        ("response_rate", "completion_rate", "cancellation_rate", "dispute_rate"), HALF
    ),
}
RATES = (
    "repeat_customer_rate",
    "customer_retention_rate",
    "order_fulfillment_rate",
    "on_time_delivery_rate",
    "return_rate",
    "dispute_rate",
    "defect_rate",
    "response_rate",
    "effective_positive_rate",
)
MEASURE = {"num": 1, "den": 2, "k": 20, "prior": 14, "value": 17.27}
FORECAST = {
    "base": 22,
    "points": 24,
    "problem_share": {**MEASURE, "points": 1},
    "discontent_share": {**MEASURE, "points": 3},
    "processing_hours": {**MEASURE, "points": -2},
}
PERFORMANCE = {
    **dict.fromkeys(RATES, 50),
    **dict.fromkeys(("total_sales", "last_30_days_sales", "total_customers", "active_listings"), 2),
    **dict.fromkeys(
        ("sold_out_listings", "avg_stock_level", "avg_processing_time", "response_time_avg"), 0
    ),
    **dict.fromkeys(
        ("total_revenue", "avg_order_value", "last_30_days_revenue", "total_withdrawn"), 100.50
    ),
    **dict.fromkeys(("pending_balance", "available_balance"), 0),
    "month_over_month_growth": -150,
    "expected_problem_rate": 14.86,
    "expected_problem_range": {"low": 6.65, "high": 24.33},
    "last_calculated": "2026-03-01T00:00:00Z",
    "evidence": {
        **dict.fromkeys(RATES, HALF),
        "month_over_month_growth": {**HALF, "num": -3},
        "expected_problem_rate": FORECAST,
    },
}

TABLES = """
    create table users (
        id uuid primary key, created_at timestamptz, trust_score jsonb, behavior_score jsonb,
        gamification jsonb
    );
    create table seller_profiles (
        id uuid primary key, user_id uuid, created_at timestamptz,
        ratings jsonb, performance jsonb, tier_info jsonb, rating_count integer
    );
    create table loyalty_programs (
        user_id uuid unique, tier text, tier_points_required integer, tier_achieved_at timestamp,
        tier_expires_at timestamp
    );
    create schema standing_build;
    create table standing_build.run_context (as_of timestamptz, wall_clock timestamptz);
    insert into standing_build.run_context values ('2026-03-01 00:00+00', '2026-03-01 00:00+00');
    create table standing_build.stg_users (user_id uuid, created_at timestamptz);
    create table standing_build.stg_sellers (seller_id uuid, created_at timestamptz);
    create table standing_build.trust_levels (level text, min_score integer);
    insert into standing_build.trust_levels values ('bronze', 0), ('silver', 60);
    create table standing_build.tier_policy (
        tier text, tier_level integer, commission_rate numeric(4, 1), boost_multiplier numeric(4, 2),
        priority_support boolean, benefits jsonb
    );
    insert into standing_build.tier_policy values
        ('starter', 1, 5.0, 1.0, false, '[]'), ('rising', 2, 4.5, 1.10, false, '["reduced_commission"]');
    create table standing_build.user_trust_scores (
        user_id uuid, overall_score numeric(4, 1), level text, document jsonb
    );
    create table standing_build.user_behavior_scores (user_id uuid, document jsonb);
    create table standing_build.gamification_levels (experience_level text, minimum integer);
    insert into standing_build.gamification_levels values ('1', 0), ('2', 100), ('3', 300);
    create table standing_build.awards (code text);
    insert into standing_build.awards values ('first_purchase'), ('purchases_10');
    create table standing_build.user_gamification (
        user_id uuid, experience_points bigint, level text, document jsonb
    );
    create table standing_build.loyalty_tiers (loyalty_tier text);
    insert into standing_build.loyalty_tiers values ('bronze'), ('gold');
    create table standing_build.user_loyalty_tiers (user_id uuid, tier text, document jsonb);
    create table standing_build.seller_performance (seller_id uuid, document jsonb);
    create table standing_build.seller_ratings (seller_id uuid, document jsonb);
    create table standing_build.seller_tiers (seller_id uuid, current_tier text, document jsonb);
    create table standing_build.stg_quarantine_counts (
        source text, reason text, set_aside bigint, row_limit bigint
    );
    create table standing_build.stg_quarantine (source text, row_id uuid, row_key text, reason text);
    create schema standing;
    create table standing.runs (run_id bigint, status text, as_of timestamptz, summary jsonb);
    create table standing_build.policy_numbers (name text, value numeric);
    insert into standing_build.policy_numbers values
        ('volume_loss', 0.05), ('volume_low_share', 0.3), ('volume_min_weekly', 50), ('shift_limit', 0.1),
        ('shift_min_members', 500), ('rating_count_min', 10), ('rating_count_gap', 0.25),
        ('rating_count_shops', 0.05);
"""
MEMBERS = """
    insert into users values
        (:anong, '2026-01-01 00:00+00', :trust, :behavior, :gamification || '{"login_streak": 4}'),
        (:boon, '2026-01-02 00:00+00', :trust, :behavior, :gamification || '{"login_streak": 0}'),
        (:later, '2026-03-02 00:00+00', '{}', '{}', '{}');
    insert into seller_profiles
        values (:shop, :anong, '2026-01-01 00:00+00', :ratings, :performance, :tier, 12);
    insert into loyalty_programs
        select id, 'gold', 500, '2026-02-01 00:00', '2027-05-01 00:00' from users;
    insert into standing_build.stg_users select id, created_at from users where id <> :later;
    insert into standing_build.stg_sellers select id, created_at from seller_profiles;
    insert into standing_build.user_trust_scores
        select user_id, 54.0, 'bronze', :trust from standing_build.stg_users;
    insert into standing_build.user_behavior_scores select user_id, :behavior from standing_build.stg_users;
    insert into standing_build.user_gamification
        select user_id, 120, '2', :gamification from standing_build.stg_users;
    insert into standing_build.user_loyalty_tiers
        select
            user_id, tier,
            jsonb_build_object(
                'tier', tier, 'tier_points_required', tier_points_required, 'tier_achieved_at',
                tier_achieved_at, 'tier_expires_at', tier_expires_at
            )
        from loyalty_programs where user_id <> :later;
    insert into standing_build.seller_performance values (:shop, :performance);
    insert into standing_build.seller_ratings values (:shop, :ratings);
    insert into standing_build.seller_tiers values (:shop, 'rising', :tier);
"""


def trust(change: str) -> str:
    return f"update standing_build.user_trust_scores set document = {change} where user_id = '{BOON}'"


def ratings(change: str) -> str:
    return f"update standing_build.seller_ratings set document = {change}"


def tier(change: str) -> str:
    return f"update standing_build.seller_tiers set document = {change}"


def behavior(change: str) -> str:
    return f"update standing_build.user_behavior_scores set document = {change} where user_id = '{BOON}'"


def gamification(change: str) -> str:
    return f"update standing_build.user_gamification set document = {change} where user_id = '{BOON}'"


def performance(change: str) -> str:
    return f"update standing_build.seller_performance set document = {change}"


def put(path: str, value: str) -> str:
    return f"jsonb_set(document, array{path.split('.')!r}, '{value}')"


#: What goes wrong, the key of the member it happens to, and the expectation that says so.
CANDIDATES = [
    ("trust_score_has_every_key", trust("document - 'level'"), BOON),
    ("trust_score_has_every_key", trust(put("overall_score", '"54"')), BOON),
    ("trust_score_has_every_key", trust(put("level", "null")), BOON),
    ("trust_score_has_every_key", trust("document #- '{factors,negative}'"), BOON),
    ("trust_score_has_every_key", trust("'[]'"), BOON),
    ("trust_score_has_every_key", trust(put("next_review", '"2026-03-08 00:00:00+07"')), BOON),
    ("trust_score_has_only_known_keys", trust(put("email", '"x"')), BOON),
    ("trust_score_has_only_known_keys", trust(put("factors.neutral", "[]")), BOON),
    ("trust_score_is_from_0_to_100", trust(put("overall_score", "100.1")), BOON),
    ("trust_score_is_from_0_to_100", trust(put("behavior_score", "-1")), BOON),
    ("trust_score_factors_add_up", trust(put("factors.negative", "[]")), BOON),
    ("trust_score_factors_add_up", trust(put("factors", '"none"')), BOON),
    ("trust_score_factors_are_complete", trust("document #- '{factors,positive,0,label_th}'"), BOON),
    ("trust_level_is_in_the_policy", trust(put("level", '"ruby"')), BOON),
    ("trust_level_is_reached", trust(put("level", '"silver"')), BOON),
    (
        "trust_score_agrees_with_its_columns",
        f"update standing_build.user_trust_scores set level = 'silver' where user_id = '{BOON}'",
        BOON,
    ),
    (
        "trust_score_is_made_for_every_member",
        f"delete from standing_build.user_trust_scores where user_id = '{BOON}'",
        BOON,
    ),
    (
        "trust_score_is_made_once",
        "insert into standing_build.user_trust_scores select * from standing_build.user_trust_scores"
        f" where user_id = '{BOON}'",
        BOON,
    ),
    (
        "trust_score_is_made_for_members_only",
        f"delete from standing_build.stg_users where user_id = '{BOON}'",
        BOON,
    ),
    ("ratings_has_every_key", ratings("document #- '{rating_distribution,one_star}'"), SHOP),
    ("ratings_has_only_known_keys", ratings(put("secret", "1")), SHOP),
    ("ratings_is_from_0_to_5", ratings(put("accuracy", "5.01")), SHOP),
    ("ratings_distribution_adds_up", ratings(put("total_reviews", "4")), SHOP),
    ("ratings_rating_trend_is_known", ratings(put("rating_trend", '"sideways"')), SHOP),
    ("ratings_rates_equal_their_evidence", ratings(put("overall", "4.66")), SHOP),
    ("ratings_rates_equal_their_evidence", ratings(put("adjusted", "4.67")), SHOP),
    ("ratings_rates_equal_their_evidence", ratings("document #- '{evidence,last_30_days_avg}'"), SHOP),
    ("ratings_is_made_for_every_member", "delete from standing_build.seller_ratings", SHOP),
    ("tier_info_has_every_key", tier(put("priority_support", '"no"')), SHOP),
    ("tier_info_has_only_known_keys", tier("document - 'next_tier'"), SHOP),
    ("seller_tier_is_in_the_policy", tier(put("current_tier", '"galaxy"')), SHOP),
    ("tier_grants_what_the_policy_says", tier(put("commission_rate", "5")), SHOP),
    ("tier_grants_what_the_policy_says", tier(put("tier_level", "1")), SHOP),
    (
        "tier_info_agrees_with_its_columns",
        "update standing_build.seller_tiers set current_tier = 'starter'",
        SHOP,
    ),
    ("behavior_score_has_every_key", behavior("document - 'risk_factors'"), BOON),
    ("behavior_score_is_from_0_to_100", behavior(put("dispute_rate", "100.01")), BOON),
    ("behavior_score_counts_are_not_negative", behavior(put("warning_count", "-1")), BOON),
    ("behavior_score_rates_equal_their_evidence", behavior(put("completion_rate", "50.01")), BOON),
    ("behavior_score_risk_level_is_known", behavior(put("risk_level", '"extreme"')), BOON),
    ("gamification_has_only_known_keys", gamification(put("login_streak", "9")), BOON),
    ("gamification_counts_are_not_negative", gamification(put("purchase_streak", "-1")), BOON),
    ("gamification_experience_adds_up", gamification(put("experience_points", "119")), BOON),
    (
        "gamification_experience_adds_up",
        gamification(put("evidence.experience.reviews.count", "1")),
        BOON,
    ),
    ("experience_level_is_in_the_policy", gamification(put("level", "9")), BOON),
    ("gamification_level_fits_experience", gamification(put("level", "1")), BOON),
    ("gamification_level_fits_experience", gamification(put("points_to_next_level", "179")), BOON),
    (
        "gamification_agrees_with_its_columns",
        f"update standing_build.user_gamification set level = '1' where user_id = '{BOON}'",
        BOON,
    ),
    (
        "gamification_codes_are_for_ever",
        "update standing_build.awards set code = 'a_renamed_one' where code = 'first_purchase';\n"
        f"update users set gamification = gamification - 'evidence' where id = '{ANONG}'",
        BOON,
    ),
    ("performance_has_every_key", performance("document - 'defect_rate'"), SHOP),
    ("performance_is_from_0_to_100", performance(put("defect_rate", "-1")), SHOP),
    ("performance_counts_are_not_negative", performance(put("total_sales", "-1")), SHOP),
    ("performance_rates_equal_their_evidence", performance(put("month_over_month_growth", "150")), SHOP),
    ("performance_has_every_key", performance("document #- '{expected_problem_range,low}'"), SHOP),
    (
        "expected_problem_points_add_up",
        performance(put("evidence.expected_problem_rate.points", "23")),
        SHOP,
    ),
    ("expected_problem_points_add_up", performance("document #- '{evidence,expected_problem_rate}'"), SHOP),
    ("expected_problem_rate_is_in_its_range", performance(put("expected_problem_rate", "24.34")), SHOP),
    ("rating_counts_agree_with_reviews", "update seller_profiles set rating_count = 14", None),
    ("candidates_are_built", "drop table standing_build.seller_tiers", None),
]
CANDIDATES += [
    (
        "set_aside_rows_stay_within_their_limits",
        "insert into standing_build.stg_quarantine_counts values ('orders', 'negative amount', 11, 10);\n"
        "insert into standing_build.stg_quarantine values ('orders', null, 'a', 'negative amount')",
        "orders: negative amount",
    ),
    (
        "no_row_is_set_aside",
        "insert into standing_build.stg_quarantine_counts values ('orders', 'negative amount', 1, 10),"
        " ('orders', 'self-dealing', 5, 10);\n"
        "insert into standing_build.stg_quarantine values ('orders', null, 'a', 'negative amount')",
        "orders: negative amount",
    ),
    (
        "trust_score_is_spread_as_before",
        "insert into standing.runs values (1, 'published', '2026-02-01', '"
        + json.dumps({"distributions": [{"name": "level", "after": [{"label": "silver", "count": 500}]}]})
        + "')",
        None,
    ),
    (
        "tier_info_is_spread_as_before",
        "insert into standing.runs values (1, 'published', '2026-02-01', '"
        + json.dumps({"distributions": [{"name": "tier", "after": [{"label": "starter", "count": 500}]}]})
        + "')",
        None,
    ),
]
#: What is asked of a distribution is of no row.
WITHOUT_ROWS = ("trust_score_is_spread_as_before", "tier_info_is_spread_as_before")
PUBLISHED = [
    ("trust_score_is_never_null", f"update users set trust_score = null where id = '{BOON}'", BOON),
    (
        "trust_score_published_with_every_key",
        f"update users set trust_score = trust_score - 'next_review' where id = '{BOON}'",
        BOON,
    ),
    (
        "trust_score_is_what_the_run_decided",
        f"""update users set trust_score = trust_score || '{{"overall_score": 99}}' where id = '{BOON}'""",
        BOON,
    ),
    (
        "trust_score_reaches_every_member",
        f"delete from standing_build.user_trust_scores where user_id = '{BOON}'",
        BOON,
    ),
    (
        "trust_score_leaves_later_members_alone",
        f"insert into standing_build.user_trust_scores values ('{LATER}', 50, 'bronze', '{{}}')",
        LATER,
    ),
    (
        "gamification_is_what_the_run_decided",
        f"""update users set gamification = gamification || '{{"level": 3}}' where id = '{BOON}'""",
        BOON,
    ),
    ("gamification_is_never_null", f"update users set gamification = '[]' where id = '{BOON}'", BOON),
    ("ratings_is_what_the_run_decided", "update seller_profiles set ratings = '[]'", SHOP),
    ("tier_info_is_never_null", "update seller_profiles set tier_info = null", SHOP),
    ("every_user_has_a_loyalty_programme", f"delete from loyalty_programs where user_id = '{BOON}'", BOON),
]


def change(engine: Engine, statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements.split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)


def named(verdict: Verdict, name: str) -> ExpectationResult:
    return next(outcome for outcome in verdict.outcomes if outcome.expectation == name)


def rows_found(engine: Engine, outcome: ExpectationResult) -> int:
    """How many rows the query finds that the report shows."""
    if not outcome.query:
        return 0
    with engine.connect() as connection, connection.connection.cursor() as cursor:
        cursor.execute(outcome.query)  # as psql would: a percent sign is no parameter
        return len(cursor.fetchall())


def failed(verdict: Verdict) -> list[str]:
    """What failed; what is believable of a marketplace has tests of its own (test_audit_plausible.py).

    What has nothing to compare with has not failed.
    """
    missed = [one for one in verdict.outcomes if not one.success and one.observed != FIRST]
    names = [outcome.expectation for outcome in missed]
    return [name for name in names if not name.endswith("_is_plausible")]


@pytest.fixture
def shops(settings: Settings, engine: Engine) -> AuditScope:
    """Anong, who keeps a shop, and Boon were scored and published; Later joined after as_of."""
    change(engine, TABLES)
    documents = {
        "trust": json.dumps(TRUST),
        "behavior": json.dumps(BEHAVIOR),
        "gamification": json.dumps(GAMIFICATION),
        "ratings": json.dumps(RATINGS),
        "performance": json.dumps(PERFORMANCE),
        "tier": json.dumps(TIER),
    }
    cast = MEMBERS
    for name, document in documents.items():
        cast = cast.replace(f":{name}", "'" + document + "'::jsonb")
    for name, key in {"anong": ANONG, "boon": BOON, "later": LATER, "shop": SHOP}.items():
        cast = cast.replace(f":{name}", f"'{key}'::uuid")
    change(engine, cast)
    return AuditScope(str(settings.database_url), "standing_build", "public", DOCUMENTS)


@pytest.mark.parametrize("suite", ["candidates", "published"])
def test_sound_documents_pass_every_expectation(suite: str, shops: AuditScope) -> None:
    verdict = validate(suite, shops)

    assert failed(verdict) == []
    expected = {name for name, *_ in (CANDIDATES if suite == "candidates" else PUBLISHED)}
    assert expected <= {outcome.expectation for outcome in verdict.outcomes}


@pytest.mark.parametrize(("name", "statement", "key"), CANDIDATES)
def test_each_candidate_expectation_finds_its_member(
    name: str, statement: str, key: str | None, shops: AuditScope, engine: Engine
) -> None:
    change(engine, statement)

    outcome = named(validate("candidates", shops), name)

    assert not outcome.success
    assert key is None or outcome.samples[0] == key
    assert rows_found(engine, outcome) or name in WITHOUT_ROWS


@pytest.mark.parametrize(("name", "statement", "key"), PUBLISHED)
def test_each_published_expectation_finds_its_member(
    name: str, statement: str, key: str, shops: AuditScope, engine: Engine
) -> None:
    change(engine, statement)

    outcome = named(validate("published", shops), name)

    assert not outcome.success
    assert outcome.unexpected == 1
    assert outcome.samples == (key,)
    assert rows_found(engine, outcome) == 1


def test_a_broken_document_names_the_keys_at_fault(shops: AuditScope, engine: Engine) -> None:
    change(engine, trust("document - 'level' #- '{factors,negative}'"))

    outcome = named(validate("candidates", shops), "trust_score_has_every_key")

    assert outcome.observed == "1 of 2 rows: level, factors.negative"
    assert outcome.severity == "critical"


def test_the_highest_tier_has_no_next_one(shops: AuditScope, engine: Engine) -> None:
    change(engine, tier(put("next_tier", "null")))

    assert failed(validate("candidates", shops)) == []


def test_clock_keys_may_differ_from_what_was_decided(shops: AuditScope, engine: Engine) -> None:
    change(
        engine,
        """update users set trust_score = trust_score || '{"last_calculated": "2026-02-01T00:00:00Z"}'
           where trust_score <> '{}'""",
    )

    assert failed(validate("published", shops)) == []


def test_a_member_who_joined_after_as_of_may_have_any_document(shops: AuditScope, engine: Engine) -> None:
    change(engine, f"update users set trust_score = null where id = '{LATER}'")

    assert failed(validate("published", shops)) == []


def test_a_member_registered_while_the_build_ran_stops_nothing(shops: AuditScope, engine: Engine) -> None:
    change(engine, f"insert into standing_build.stg_users values ('{LATER}', '2026-02-28 23:59+00')")

    assert validate("candidates", shops).passed


def test_unexpected_rows_are_all_counted_and_five_are_shown(shops: AuditScope, engine: Engine) -> None:
    change(
        engine,
        "insert into standing_build.user_trust_scores"
        " select gen_random_uuid(), 54, 'bronze', '{}' from generate_series(1, 1234)",
    )

    outcome = named(validate("candidates", shops), "trust_score_has_every_key")

    assert (outcome.unexpected, outcome.checked, len(outcome.samples)) == (1234, 1236, 5)


def test_only_the_targets_of_the_run_are_audited(shops: AuditScope, engine: Engine) -> None:
    change(engine, "drop table standing_build.user_trust_scores")
    tiers = AuditScope(shops.url, "standing_build", "public", shops.targets[2:])

    assert failed(validate("candidates", tiers)) == []


def test_a_missing_mart_is_critical_and_its_rules_are_said_to_be_unchecked(
    shops: AuditScope, engine: Engine
) -> None:
    change(engine, "drop table standing_build.seller_tiers")

    verdict = validate("candidates", shops)

    built = named(verdict, "candidates_are_built")
    assert not verdict.passed
    assert built.observed.endswith("seller_tiers.document, seller_tiers.seller_id")
    skipped = named(verdict, "seller_tier_is_in_the_policy")
    assert skipped.severity == "info"
    assert skipped.observed.startswith("not checked")

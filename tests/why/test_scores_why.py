"""`standing why`: the sum is the score, and what it says would reach the next level or tier does."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from conftest import Standing
from reference.loading import build_models, documents
from sqlalchemy import Connection, Engine, text

from standing.database.connect import connect
from standing.settings import Settings
from standing.why import Explanation, as_text, explain_member
from standing.why.next_steps import mean_rating
from standing.why.orders import SHOWN

LEVELS = ("bronze", "silver", "gold", "platinum", "diamond")
VERIFIED = {
    "email_verified": "email_verified = true",
    "phone_verified": "phone_verified = true",
    "kyc_verified": "kyc_status = 'verified'",
    "two_factor_enabled": """security_settings = security_settings || '{"two_factor_enabled": true}'""",
}


@pytest.fixture(scope="module")
def scored(
    module_database: Callable[[str], Settings], published_template: str
) -> Iterator[tuple[Settings, Engine]]:
    """The simulated marketplace after its first run."""
    settings = module_database(published_template)
    with connect(settings) as engine:
        yield settings, engine


def explained(settings: Settings, connection: Connection, kind: str, number: int = 60) -> list[Any]:
    """Some members of a kind, the same ones each time; each costs several queries."""
    table = {"user": "users", "seller": "seller_profiles"}[kind]
    keys = connection.scalars(
        text(f"select id::text from {table} order by md5(id::text) limit {number}")
    ).all()
    return [explain_member(connection, settings, kind, key) for key in keys]


def test_the_factors_shown_sum_to_the_score(scored: tuple[Settings, Engine]) -> None:
    settings, engine = scored
    with engine.connect() as connection:
        for found in explained(settings, connection, "user"):
            points = found.start + sum(factor["points"] for factor in found.factors)
            assert round(points, 1) == found.documents["trust_score"]["overall_score"]
            for factor in found.factors:
                row = factor["bin"]
                assert round(row["value"] * row["weight"], 1) == factor["points"]


def test_the_points_of_a_forecast_sum_to_what_it_is_looked_up_by(scored: tuple[Settings, Engine]) -> None:
    settings, engine = scored
    with engine.connect() as connection:
        rates = dict(
            connection.execute(
                text(f"select points, rate from {settings.build_schema}.problem_rates")
            ).all()
        )
        shops = explained(settings, connection, "seller")
    foretold = set()
    for found in shops:
        performance = found.documents["performance"]
        behind = performance["evidence"]["expected_problem_rate"]
        lines = [line for line in as_text(found).splitlines() if line.startswith("points of")]
        base, points = (int(re.findall(r"\d+", line)[0]) for line in lines)
        measures = [code for code in behind if code not in ("base", "points")]
        added = [
            int(line[44:52])
            for line in as_text(found).splitlines()
            for code in measures
            if line.startswith(found.labels[code])
        ]
        assert len(added) == len(measures) == 3
        assert base + sum(added) == points == behind["points"]
        assert performance["expected_problem_rate"] == float(rates[points])
        foretold.add(points)
    assert len(foretold) > 5


def counted(found: Explanation, *titles: str) -> int:
    return sum(
        order["is_counted"] and not order["is_small"]
        for title in titles
        for order in found.orders.get(title, [])
    )


def test_the_orders_shown_are_those_the_rate_counts(scored: tuple[Settings, Engine]) -> None:
    """Those that no rate counts any more are told apart."""
    settings, engine = scored
    compared = dict.fromkeys(("own", "lost", "defect", "late", "unshipped", "returned", "older"), 0)
    with engine.connect() as connection:
        people = explained(settings, connection, "user")
        shops = explained(settings, connection, "seller")
    for found in people:
        score = found.documents["trust_score"]["evidence"]
        for name, title, rate in (
            ("own", "cancelled by the member", "own_cancellation_rate"),
            ("lost", "with a dispute decided against the member", "dispute_loss_rate"),
        ):
            assert counted(found, title) == min(score[rate]["num"], SHOWN)
            compared[name] += score[rate]["num"]
    for found in shops:
        rates = found.documents["performance"]["evidence"]
        late = rates["on_time_delivery_rate"]["den"] - rates["on_time_delivery_rate"]["num"]
        unshipped = rates["order_fulfillment_rate"]["den"] - rates["order_fulfillment_rate"]["num"]
        for name, title, number in (
            (
                "defect",
                "cancelled by the seller, or with a dispute decided against the seller",
                rates["defect_rate"]["num"],
            ),
            ("late", "delivered late", late),
            ("unshipped", "not shipped though due", unshipped),
            ("returned", "returned", rates["return_rate"]["num"]),
        ):
            assert counted(found, title) == min(number, SHOWN), (found.member_id, title)
            compared[name] += number
        compared["older"] += "too long ago to count" in as_text(found)
    assert all(compared.values()), compared


def test_the_text_says_labels_and_the_json_codes(scored: tuple[Settings, Engine]) -> None:
    settings, engine = scored
    with engine.connect() as connection:
        codes = set(
            connection.scalars(
                text(
                    f"select metric from {settings.build_schema}.scorecard_metrics"
                    f" union all select code from {settings.build_schema}.risk_rules"
                )
            )
        )
        people = explained(settings, connection, "user")
        shops = explained(settings, connection, "seller")
        risky = [
            explain_member(connection, settings, "user", key)
            for key in connection.scalars(
                text(
                    "select id::text from users where behavior_score -> 'risk_factors' != '[]'"
                    " order by id limit 5"
                )
            )
        ]
    asked = set()
    for found in people:
        words = as_text(found)
        rates = {line.split()[0] for line in words.splitlines() if line.startswith("  ")}
        assert not codes & (set(re.findall(r"\w+", words)) - rates), words
        following = found.following or {}
        asked.update(following.get("verify", []))
        for flag, points in zip(
            following.get("verify", []), following.get("verify_points", []), strict=True
        ):
            assert f"  {found.labels[flag]} ({points:+.1f})" in words
        assert set(found.to_json()["documents"]["behavior_score"]["risk_factors"]) <= codes
    assert asked == set(VERIFIED)
    assert risky
    for found in risky:
        labels = [found.labels[code] for code in found.documents["behavior_score"]["risk_factors"]]
        assert f": {', '.join(labels)}\n" in as_text(found)
    for found in shops:
        if found.following:
            assert f"next tier {found.labels[found.following['tier']]}" in as_text(found)
            assert " 0 more" not in as_text(found)


def test_what_excluded_orders_would_make_of_a_rate_is_said_in_words(
    scored: tuple[Settings, Engine],
) -> None:
    settings, engine = scored
    with engine.connect() as connection:
        shops = explained(settings, connection, "seller")
    said = 0
    for found in shops:
        evidence, words = found.documents["performance"]["evidence"], as_text(found)
        assert ("leave out the orders listed in order_exclusions" in words) == ("raw" in evidence)
        for rate, raw in evidence.get("raw", {}).items():
            shown = f"({raw['num']} of {raw['den']} if excluded orders counted)"
            differs = (raw["num"], raw["den"]) != (evidence[rate]["num"], evidence[rate]["den"])
            assert not differs or shown in words
            said += differs
    assert said


def buy(connection: Connection, buyer: str, at: Any) -> None:
    """A completed purchase at a shop that nobody has bought from."""
    shop = str(uuid4())
    connection.execute(text("insert into seller_profiles (id) values (:shop)"), {"shop": shop})
    sell(connection, shop, buyer, at)


def sell(connection: Connection, shop: str, buyer: str, at: Any) -> str:
    order = str(uuid4())
    connection.execute(
        text(
            "insert into orders (id, buyer_id, seller_id, status, total_amount, created_at, completed_at)"
            " values (:id, :buyer, :shop, 'completed', 20, :at, :at)"
        ),
        {"id": order, "buyer": buyer, "shop": shop, "at": at},
    )
    return order


def test_the_stated_change_reaches_the_next_level_and_tier(scored: tuple[Settings, Engine]) -> None:
    settings, engine = scored
    wanted: dict[str, tuple[str, Any]] = {}
    with engine.begin() as connection:
        now = connection.scalar(text(f"select as_of from {settings.build_schema}.run_context"))
        at = now - timedelta(hours=1)
        people = [f for f in explained(settings, connection, "user") if f.following]
        shops = [f for f in explained(settings, connection, "seller") if f.following]
        reachable = [f for f in people if f.following["is_enough"]]
        assert len(reachable) > 10
        assert any(f.following["complete_orders"] for f in reachable)
        for found in reachable:
            wanted[found.member_id] = ("trust_score", found.following["level"])
            for flag in found.following["verify"]:
                change = f"update users set {VERIFIED[flag]} where id = :id"
                connection.execute(text(change), {"id": found.member_id})
            for _ in range(found.following["complete_orders"]):
                buy(connection, found.member_id, at)
        assert any(f.following["min_counterparties"] for f in people)
        most = max(found.following["new_buyers"] for found in shops)
        assert most
        fans = [str(uuid4()) for _ in range(most)]
        connection.execute(
            text("insert into users (id, email, created_at) values (:id, :email, :at)"),
            [{"id": f, "email": f"{f}@example.org", "at": now - timedelta(days=9)} for f in fans],
        )
        for found in shops:
            wanted[found.member_id] = ("tier_info", found.following["tier"])
            if found.following["five_star_reviews"] and found.mean_rating is not None:
                assert found.mean_rating < found.following["mean_rating"]
            stars, buyers = found.following["five_star_reviews"], found.following["new_buyers"]
            for number in range(max(found.following["complete_orders"], stars)):
                order = sell(connection, found.member_id, fans[number % max(buyers, 1)], at)
                if number < stars:
                    review = (
                        "insert into reviews (id, order_id, rating, created_at)"
                        " values (gen_random_uuid(), :order, 5, :at)"
                    )
                    connection.execute(text(review), {"order": order, "at": at})
    build_models(settings, engine, now, now)
    made = documents(engine, settings)
    tiers = ("starter", "rising", "established", "power_seller", "top_seller")
    for member, (target, step) in wanted.items():
        key, ladder = ("level", LEVELS) if target == "trust_score" else ("current_tier", tiers)
        reached = made[target][member][key]
        assert ladder.index(reached) >= ladder.index(step), (target, member, reached, step)


def test_a_mean_below_what_a_tier_asks_for_is_not_shown_as_that(
    scored: tuple[Settings, Engine],
) -> None:
    policy: dict[str, Any] = {
        "tier_policy": [{"min_rating": None}, {"min_rating": 4.3}, {"min_rating": 4.7}]
    }
    with scored[1].connect() as connection:
        shown = [
            str(mean_rating(connection, policy, {"evidence": {"mean_rating": {"num": num, "den": 645}}}))
            for num in (3030, 3031, 3032, 2700)
        ]
        assert shown == ["4.698", "4.699", "4.701", "4.19"]
        assert mean_rating(connection, policy, {"evidence": {"mean_rating": {"num": 0, "den": 0}}}) is None
    found = Explanation(
        kind="seller",
        member_id="a",
        as_of=None,
        documents={"ratings": {"overall": 4.7, "total_reviews": 645}},
        start=50,
        following={
            "tier": "top_seller",
            "complete_orders": 30,
            "new_buyers": 12,
            "five_star_reviews": 5,
            "mean_rating": 4.7,
        },
        mean_rating=4.698,
    )
    text_of = as_text(found)
    assert "rating 4.698 of 645 reviews" in text_of
    assert "30 more completed orders, at least 12 of them to new buyers" in text_of
    assert "5 more reviews of 5 stars by buyers, for a mean of 4.7; it is 4.698 now" in text_of


def test_the_command_prints_text_and_json(scored: tuple[Settings, Engine], standing: Standing) -> None:
    settings, engine = scored
    with engine.connect() as connection:
        user = connection.scalar(text("select id::text from users order by id limit 1"))
        words = as_text(explain_member(connection, settings, "user", user))
    printed = standing.told(settings, "why", "user", user)
    assert printed.strip() == words
    assert "where it comes from:" not in printed
    with_sources = standing.told(settings, "why", "user", user, "--sources")
    explained, _, origins = with_sources.partition("\n\nwhere it comes from:")
    assert printed.startswith(f"{explained}\n\nas of ")
    assert "  trust_score.transaction_score: " in origins
    found = json.loads(standing.told(settings, "why", "user", user, "--json"))
    assert set(found) >= {"documents", "factors", "orders", "following", "sources", "as_of"}


def test_a_refused_policy_leaves_what_is_published_explained(scored: tuple[Settings, Engine]) -> None:
    """Loading a seed again drops the models that read it; after a refusal they are not built."""
    settings, engine = scored
    with engine.begin() as connection:
        (before,) = explained(settings, connection, "user", 1)
        assert all(factor["bin"] for factor in before.factors)
        connection.execute(text(f"drop table {settings.build_schema}.scorecard_bins cascade"))
        assert explained(settings, connection, "user", 1) == [before]

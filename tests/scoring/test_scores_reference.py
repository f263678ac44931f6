"""Every key of every document agrees with docs/metrics.md in plain Python, on hundreds of marketplaces."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from math import isclose
from typing import Any

import pytest
from reference.brinks import brinks
from reference.circles import SIZES, circles
from reference.gamification import gamification
from reference.loading import build, build_models, documents, edit_numbers, empty, load, merged
from reference.marketplaces import AS_OF, WALL_CLOCK
from reference.members import behavior_score, trust_score
from reference.orders import Known, World
from reference.origins import FOLLOWING, comparable, shops_at
from reference.policy import Policy
from reference.rolled import rolled
from reference.shops import performance, ratings, tier_info
from rings import ATTACKS, Ring, insert
from sqlalchemy import Engine, text

from standing.backtest.card import read_card
from standing.backtest.observations import observe
from standing.contract.members import USERS
from standing.contract.targets import DOCUMENTS
from standing.database.connect import connect
from standing.settings import Settings

#: Marketplaces and what they are drawn with; as a proof more of them, drawn anew.
DRAWS = [
    pytest.param((250, 20260601), id="same"),
    pytest.param((1500, None), id="new", marks=pytest.mark.prove),
]
GRACE = {"established": 30, "power_seller": 30}
REFERENCE: dict[str, Callable[[Known, str], dict[str, Any]]] = {
    "trust_score": trust_score,
    "behavior_score": behavior_score,
    "gamification": gamification,
    "ratings": ratings,
    "performance": performance,
    "tier_info": tier_info,
}
OF_USERS = {target.name for target in DOCUMENTS if target.members is USERS}
CLOCK = ("last_calculated", "next_review", "last_updated", "valid_until")
Documents = dict[str, dict[str, dict[str, Any]]]


@pytest.fixture(scope="module", params=DRAWS)
def worlds(request: pytest.FixtureRequest) -> list[World]:
    number, seed = request.param
    return [*rolled(number, seed or request.config.getoption("seed")), *circles(), *brinks()]


@pytest.fixture(scope="module")
def loaded(
    module_database: Callable[[str], Settings], upgraded_template: str, worlds: list[World]
) -> Iterator[tuple[Settings, Engine]]:
    """All marketplaces in one database, with the attacks; members of different ones never meet."""
    settings = module_database(upgraded_template)
    with connect(settings) as engine:
        with engine.begin() as connection:
            empty(connection)
            load(connection, merged(worlds))
            insert(connection, AS_OF)
        yield settings, engine


@pytest.fixture(scope="module")
def built(loaded: tuple[Settings, Engine]) -> Documents:
    settings, engine = loaded
    build(settings, engine, AS_OF, WALL_CLOCK, GRACE)
    return documents(engine, settings)


def content(target: str, document: dict[str, Any]) -> dict[str, Any]:
    """A document without its clock, its factors beside its other keys."""
    kept = {key: value for key, value in document.items() if key not in CLOCK}
    if target == "trust_score":
        lists = kept.pop("factors")
        for name, factors in lists.items():
            kept[name] = [
                {"code": factor["code"], "points": factor["points"]} if factor["code"] == "cap" else factor
                for factor in factors
            ]
    return kept


def differences(known: Known, built: Documents) -> list[str]:
    found = []
    for target, reference in REFERENCE.items():
        members = known.users if target in OF_USERS else known.sellers
        for member in members:
            wanted, made = reference(known, member), content(target, built[target][member])
            found += [
                f"{target} {member} {key}: {made.get(key)} is not {wanted.get(key)}"
                for key in sorted(set(wanted) | set(made))
                if wanted.get(key, "no such key") != made.get(key, "no such key")
            ]
    return found


def agree(worlds: list[World], built: Documents, as_of: datetime, policy: Policy | None = None) -> None:
    found = []
    for number, world in enumerate(worlds):
        known = Known(world, policy or Policy(GRACE), as_of, WALL_CLOCK)
        found += [f"marketplace {number}: {difference}" for difference in differences(known, built)]
    assert not found, f"{len(found)} differences\n" + "\n".join(found[:20])


def test_every_key_agrees_with_the_reference(worlds: list[World], built: Documents) -> None:
    agree(worlds, built, AS_OF)


#: Attack → what its account or shop has: points and level, or adjusted rating and tier.
BOUGHT = {
    "one order of 1 baht at a stranger's": ("54.5", "bronze"),
    "two accounts, 21 × 1 baht": ("54.5", "bronze"),
    "two accounts, 51 × 1 baht, 50 messages": ("58.5", "bronze"),
    "two accounts, 50 × 20 baht, 50 messages": ("76.5", "silver"),
    "two accounts, 51 × 20 baht, 50 messages": ("80.5", "silver"),
    "two accounts with papers, 50 × 20 baht, 50 messages": ("80.5", "silver"),
    "ring of 10, 51 × 1 baht, praised": ("59.7", "bronze"),
    "ring of 10, 51 × 20 baht, praised": ("90.5", "gold"),
    "ring of 20, 51 × 20 baht, praised": ("90.5", "platinum"),
    "a new shop, 10 own orders of 1 baht": ("4.50", "starter"),
    "10 good orders, 6 reviews of nothing": ("3.85", "starter"),
    "10 good orders, 6 reviews of one order": ("3.93", "starter"),
    "bombed by 5 reviews of nothing": ("4.07", "rising"),
    "bombed by 5 reviews of one order": ("3.88", "starter"),
    "bombed by 5 reviews of own orders": ("3.30", "starter"),
    "bombed by 10 reviews of unpaid orders": ("4.07", "rising"),
    "bombed by 10 reviews of orders called off": ("4.07", "rising"),
    "10 good orders, 40 reviews of orders called off": ("3.85", "starter"),
}


def test_attacks_buy_no_more_than_this(built: Documents) -> None:
    """Two accounts and 1,000 baht buy nothing above silver, even with papers."""
    found = {}
    for attack in ATTACKS:
        is_ring = isinstance(attack, Ring)
        documents_of = [
            built[name] for name in (("trust_score",) * 2 if is_ring else ("ratings", "tier_info"))
        ]
        scored, placed = (documents[str(attack.subject)] for documents in documents_of)
        points = scored["overall_score" if is_ring else "adjusted"]
        found[attack.name] = (str(points), placed["level" if is_ring else "current_tier"])
    assert found == BOUGHT
    cheap = {attack.name for attack in ATTACKS if isinstance(attack, Ring) and attack.accounts == 2}
    assert {BOUGHT[name][1] for name in cheap} == {"bronze", "silver"}


def test_the_marketplaces_reach_what_they_are_meant_to(built: Documents) -> None:
    """A reference proves nothing about what no case has."""
    trust, tiers = built["trust_score"].values(), built["tier_info"].values()
    assert {document["level"] for document in trust} == {"bronze", "silver", "gold", "platinum", "diamond"}
    assert any(document["factors"]["negative"] for document in trust)
    assert {"starter", "rising", "established"} <= {document["current_tier"] for document in tiers}
    assert any("grace" in document["evidence"] for document in tiers)
    assert {"low", "medium", "high"} == {d["risk_level"] for d in built["behavior_score"].values()}
    assert any("raw" in document["evidence"] for document in built["performance"].values())
    foretold = [d["evidence"]["expected_problem_rate"] for d in built["performance"].values()]
    assert len({behind["points"] for behind in foretold}) > 15
    for measure in ("problem_share", "discontent_share", "processing_hours"):
        added = {behind[measure]["points"] for behind in foretold}
        assert min(added) < 0 < max(added), measure
    assert any(
        behind["processing_hours"]["recent_den"] not in (0, behind["processing_hours"]["den"])
        for behind in foretold
    )
    # Somebody's silence counts: more is known than was rated, and nothing went wrong.
    assert any(
        b["problem_share"]["den"] > b["discontent_share"]["den"] and not b["problem_share"]["num"]
        for b in foretold
    )
    shown = {
        int(factor["evidence"]["value"])
        for document in trust
        for factor in document["factors"]["positive"]
        if factor["code"] == "counterparties"
    }
    assert shown >= set(SIZES[1:])
    won = built["gamification"].values()
    assert {2, 3} <= {document["level"] for document in won}
    given = {award["code"] for document in won for award in document["badges"] + document["achievements"]}
    assert {"first_purchase", "first_sale", "steady_buyer", "steady_reviewer", "loyal_buyer"} <= given
    assert {"purchases_10", "sales_10"} <= {
        one for document in won for one in document["milestones_completed"]
    }
    for streak in ("purchase_streak", "review_streak"):
        assert {0, 1, 2} <= {document[streak] for document in won}
    trends = {document["rating_trend"] for document in built["ratings"].values()}
    assert trends == {"improving", "stable", "declining"}


@pytest.mark.parametrize("ago", [timedelta(0), timedelta(days=121)])
def test_shops_at_an_origin_are_those_of_the_reference(
    loaded: tuple[Settings, Engine], worlds: list[World], built: Documents, ago: timedelta
) -> None:
    """What a backtest reads of a moment; what followed is known for the older one only, and so are shops of
    which nothing else is known.
    """
    settings, engine = loaded
    moment = AS_OF - ago
    with engine.connect() as connection:
        observed = observe(connection, settings.build_schema, [moment])
    found = {
        seller_id: {name: values[at] for name, values in observed.numbers.items()}
        for at, seller_id in enumerate(observed.seller_id)
    }
    wanted = {
        seller_id: counts if ago else {name: one for name, one in counts.items() if name not in FOLLOWING}
        for world in worlds
        for seller_id, counts in shops_at(world, moment)
        if comparable(world, seller_id)
    }
    wanted = {seller_id: counts for seller_id, counts in wanted.items() if ago or any(counts.values())}
    wrong = [
        f"{seller_id} {name}: {found[seller_id][name]} is not {float(value)}"
        for seller_id, counts in wanted.items()
        for name, value in counts.items()
        if not isclose(found[seller_id][name], value, rel_tol=1e-9)
    ]
    assert not wrong, f"{len(wrong)} differences\n" + "\n".join(wrong[:20])
    if not ago:  # then documents say the same
        with engine.connect() as connection:
            card = read_card(connection, settings.build_schema)
        rates = 100 * card.rates[card.row(card.points(observed))]
        undated = {
            row["seller_id"] for world in worlds for row in world["reviews"] if not row["created_at"]
        }
        undated |= {
            order["seller_id"]
            for world in worlds
            for row in world["reviews"]
            for order in world["orders"]
            if not row["created_at"] and row["order_id"] == order["id"]
        }
        foretold = {
            seller_id: (round(rate, 2), float(built["performance"][seller_id]["expected_problem_rate"]))
            for seller_id, rate in zip(observed.seller_id, rates, strict=True)
            if seller_id in wanted.keys() - undated
        }
        assert {key: pair for key, pair in foretold.items() if pair[0] != pair[1]} == {}
        assert len({made for _, made in foretold.values()}) > 10
    reached = {name for counts in wanted.values() for name, value in counts.items() if value}
    assert len(wanted) > 80
    assert reached == set().union(*wanted.values())


def stands_still(document: dict[str, Any]) -> dict[str, Any]:
    """A document without what a run writes into it as its own moment."""
    kept = {key: value for key, value in document.items() if key not in (*CLOCK, "tier_achieved_at")}
    if "tier_change_history" in kept:
        kept["tier_change_history"] = [c for c in kept["tier_change_history"] if "reason" not in c]
        kept["evidence"] = {key: value for key, value in kept["evidence"].items() if key != "grace"}
    for awards in ("badges", "achievements"):
        if awards in kept:
            kept[awards] = [award["code"] for award in kept[awards]]
    return kept


@pytest.mark.parametrize("later", [timedelta(seconds=1), timedelta(hours=30), timedelta(days=31)])
def test_a_document_stands_until_its_next_step(
    loaded: tuple[Settings, Engine], worlds: list[World], built: Documents, later: timedelta
) -> None:
    """No step is missed: a document is the same until its valid_until, as the reference has it."""
    settings, engine = loaded
    build_models(settings, engine, AS_OF + later, WALL_CLOCK)
    again = documents(engine, settings)
    agree(worlds, again, AS_OF + later)
    found, stood = [], 0
    for target, members in built.items():
        for member, document in members.items():
            if document["valid_until"] is None or document["valid_until"] > AS_OF + later:
                stood += 1
                if stands_still(document) != stands_still(again[target][member]):
                    now, then = stands_still(again[target][member]), stands_still(document)
                    keys = [key for key in now if now[key] != then[key]]
                    found.append(
                        f"{target} {member} valid until {document['valid_until']}: "
                        + ", ".join(f"{key} {then[key]} became {now[key]}" for key in keys)
                    )
    assert stood > 250
    assert not found, f"{len(found)} changed early\n" + "\n".join(found[:10])


#: What a marketplace may choose, and does not as shipped.
CHOSEN = {"max_orders_per_partner": 2, "reviews_need_order": 0}


def test_another_choice_of_policy_agrees_too(
    loaded: tuple[Settings, Engine], worlds: list[World], built: Documents
) -> None:
    settings, engine = loaded
    edit_numbers(settings, engine, CHOSEN)
    build_models(settings, engine, AS_OF, WALL_CLOCK)
    made = documents(engine, settings)
    agree(worlds, made, AS_OF, Policy(GRACE, edited=CHOSEN))
    for target in ("trust_score", "ratings", "tier_info"):
        assert any(
            stands_still(document) != stands_still(built[target][member])
            for member, document in made[target].items()
        ), f"the choice changes no {target}"


OPTIONAL_COLUMNS = {
    "users": ("last_login_at", "email_verified", "phone_verified", "kyc_status", "security_settings"),
    "seller_profiles": ("user_id", "created_at", "tier_info"),
    "orders": (
        "total_amount",
        "paid_at",
        "ship_by",
        "shipped_at",
        "promised_at",
        "delivered_at",
        "completed_at",
        "cancelled_at",
        "cancelled_by",
        "refunded_at",
        "refunded_amount",
        "updated_at",
    ),
    "reviews": ("order_id", "reviewer_id", "detailed_ratings", "engagement", "moderation"),
}
REQUIRED = tuple(OPTIONAL_COLUMNS)


def test_the_required_columns_alone_agree_too(
    loaded: tuple[Settings, Engine], built: Documents, worlds: list[World]
) -> None:
    settings, engine = loaded
    with engine.begin() as connection:
        for table in worlds[0]:
            if table not in REQUIRED:
                connection.execute(text(f"drop table {table} cascade"))
        for table, columns in OPTIONAL_COLUMNS.items():
            for column in columns:
                # A column without any value is as good as none.
                is_left = (table, column) == ("reviews", "order_id")
                change = f"update {table} set {column} = null"
                connection.execute(
                    text(change if is_left else f"alter table {table} drop column {column} cascade")
                )
    build(settings, engine, AS_OF, WALL_CLOCK, GRACE)
    made = documents(engine, settings)
    found = []
    for world in worlds:
        bare: World = {table: [] for table in world}
        for table in REQUIRED:
            gone = dict.fromkeys(OPTIONAL_COLUMNS[table])
            bare[table] = [{**row, **gone} for row in world[table]]
        lacks = ("has_shipping_times", "has_amounts", "has_order_reviews", "has_payment_times")
        known = Known(bare, Policy(GRACE), AS_OF, WALL_CLOCK, **dict.fromkeys(lacks, False))
        found += differences(known, made)
    assert not found, f"{len(found)} differences\n" + "\n".join(found[:20])
    # Where no review names an order, nobody knows that one went well: bad ones alone are no sample.
    with engine.connect() as connection:
        observed = observe(connection, settings.build_schema, [AS_OF])
    assert observed["completed_orders"].sum() > 0
    for name in ("known_orders", "problems", "labelled", "bad"):
        assert not observed[name].any(), name
    behind = [made["performance"][key]["evidence"]["expected_problem_rate"] for key in made["performance"]]
    assert {one["problem_share"]["points"] for one in behind} == {0}
    assert {one["problem_share"]["den"] for one in behind} == {0}

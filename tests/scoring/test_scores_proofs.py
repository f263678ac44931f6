"""Good events never lower what a member has and bad ones never raise it, on whole marketplaces."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from reference.events import BAD, GOOD, repeat, shuffled, twin
from reference.loading import build_models, documents, empty, load, merged
from reference.marketplaces import AS_OF, WALL_CLOCK, Maker
from reference.orders import World
from reference.rolled import rolled

from standing.contract.targets import DOCUMENTS
from standing.database.connect import connect
from standing.settings import Settings

#: Marketplaces for each event and what they are drawn with; as a proof more of them, drawn anew.
DRAWS = [
    pytest.param((25, 20260601), id="same"),
    pytest.param((120, None), id="new", marks=pytest.mark.prove),
]
LEVELS = ("bronze", "silver", "gold", "platinum", "diamond")
SCORES = ("overall_score", "identity_score", "transaction_score", "behavior_score", "community_score")
CLOCK = ("last_calculated", "next_review", "last_updated")
EVENTS = {**GOOD, **BAD, "again": repeat}


@dataclass(frozen=True)
class Case:
    """A marketplace (in the documents) and its twin to which `event` happened."""

    event: str
    user: str
    seller: str | None
    world: World


def other(key: str, to: World, world: World) -> str:
    """The twin's key of a user or seller."""
    for table in ("users", "seller_profiles"):
        for before, after in zip(world[table], to[table], strict=False):
            if before["id"] == key:
                return str(after["id"])
    raise KeyError(key)


@pytest.fixture(scope="module", params=DRAWS)
def cases(request: pytest.FixtureRequest) -> list[tuple[Case, World]]:
    """Pairs of a marketplace and its twin with the event, in another order of rows."""
    each, seed = request.param
    seed = seed or request.config.getoption("seed")
    found = []
    worlds = iter(rolled(each * len(EVENTS), seed))
    for name, happen in EVENTS.items():
        for number in range(each):
            roll = Random(f"{name} {number} {seed}")  # noqa: S311
            world = next(worlds)
            # What the event needs to be possible, such as a shop with a person, is there before it, too.
            for shop in world["seller_profiles"][:1]:
                shop["user_id"] = shop["user_id"] or world["users"][0]["id"]
            after = deepcopy(world)
            user, seller = happen(Maker(roll, after))
            found.append((Case(name, user, seller, world), twin(after)))
    return found


@pytest.fixture(scope="module")
def built(
    module_database: Callable[[str], Settings], prepared_template: str, cases: list[tuple[Case, World]]
) -> dict[str, dict[str, dict[str, Any]]]:
    settings = module_database(prepared_template)
    roll = Random(1)  # noqa: S311
    with connect(settings) as engine:
        with engine.begin() as connection:
            empty(connection)
            load(connection, merged(case.world for case, _ in cases))
            load(connection, shuffled(merged(after for _, after in cases), roll))
        build_models(settings, engine, AS_OF, WALL_CLOCK)
        return documents(engine, settings)


def pairs(
    cases: list[tuple[Case, World]], built: dict[str, Any], name: str, target: str
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Documents before and after of all members, in the cases of one event."""
    table = "users" if target in ("trust_score", "behavior_score", "gamification") else "seller_profiles"
    found = []
    for case, after in cases:
        if case.event == name:
            for row in case.world[table]:
                key = other(row["id"], after, case.world)
                found.append((built[target][row["id"]], built[target][key]))
    return found


def ladder(document: dict[str, Any]) -> list[Any]:
    return [*(document[key] for key in SCORES), LEVELS.index(document["level"])]


@pytest.mark.parametrize("event", GOOD)
def test_good_events_never_lower_anything(
    event: str, cases: list[tuple[Case, World]], built: dict[str, Any]
) -> None:
    moved = 0
    for before, after in pairs(cases, built, event, "trust_score"):
        assert all(a >= b for a, b in zip(ladder(after), ladder(before), strict=True)), (before, after)
        moved += ladder(after) != ladder(before)
    assert moved, f"no case in which a {event} moves anything"


@pytest.mark.parametrize("event", BAD)
def test_bad_events_never_raise_anything(
    event: str, cases: list[tuple[Case, World]], built: dict[str, Any]
) -> None:
    moved = 0
    for before, after in pairs(cases, built, event, "trust_score"):
        assert all(a <= b for a, b in zip(ladder(after), ladder(before), strict=True)), (before, after)
        moved += ladder(after) != ladder(before)
    assert moved, f"no case in which a {event} moves anything"


@pytest.mark.parametrize(("event", "sign"), [("5-star review received", 1), ("1-star review", -1)])
def test_reviews_move_adjusted_rating_and_tier_their_own_way(
    event: str, sign: int, cases: list[tuple[Case, World]], built: dict[str, Any]
) -> None:
    adjusted = [
        b["adjusted"] * sign <= a["adjusted"] * sign for b, a in pairs(cases, built, event, "ratings")
    ]
    tiers = [
        b["tier_level"] * sign <= a["tier_level"] * sign for b, a in pairs(cases, built, event, "tier_info")
    ]
    assert all(adjusted)
    assert all(tiers)


@pytest.mark.parametrize("target", [target.name for target in DOCUMENTS if not target.held_in])
def test_rows_said_again_in_another_order_change_nothing(
    target: str, cases: list[tuple[Case, World]], built: dict[str, Any]
) -> None:
    compared = pairs(cases, built, "again", target)
    assert compared
    for before, after in compared:
        assert {k: v for k, v in before.items() if k not in CLOCK} == {
            k: v for k, v in after.items() if k not in CLOCK
        }

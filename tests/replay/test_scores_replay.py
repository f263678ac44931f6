"""A replay of a past day gives, from timestamped facts, what a run made on that day gave."""

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from reference.loading import build_models, clear, documents, empty, load, merged, prepare
from reference.marketplaces import AS_OF, TABLES, Maker
from reference.orders import TIMES, World
from sqlalchemy import Connection, Engine, text

from standing.database.connect import connect
from standing.settings import Settings

GRACE = {"rising": 1, "established": 1}
#: What begins to exist when, and what is entered into the row later: column → what comes with it.
BEGINS = {
    "users": "created_at",
    "orders": "created_at",
    "reviews": "created_at",
    "disputes": "opened_at",
    "returns": "requested_at",
    "messages": "sent_at",
    "user_sessions": "started_at",
    "user_reports": "created_at",
    "user_warnings": "created_at",
    "payouts": "created_at",
    "order_exclusions": "decided_at",
}
LATER = {
    "orders": {**dict.fromkeys(TIMES, ()), "refunded_at": ("refunded_amount",)},
    "disputes": {"resolved_at": ("decided_against",)},
    "returns": {"completed_at": ()},
    "user_sessions": {"ended_at": ()},
    "user_reports": {"decided_at": ("outcome",)},
    "user_warnings": {"decided_at": ("outcome",)},
    "referred_users": {"first_purchase_at": ()},
}


def history(seed: int) -> World:
    """Marketplaces in which times alone say what happened, and nothing is overwritten."""
    worlds = []
    for number in range(60):
        world: World = {table: [] for table in TABLES}
        Maker(Random(f"replay {seed} {number}"), world).make()  # noqa: S311
        worlds.append(world)
    whole = merged(worlds)
    for user in whole["users"]:
        user["last_login_at"] = None
    for order in whole["orders"]:
        order |= {"status": "pending", "updated_at": None}
    return whole


def as_it_was(world: World, moment: datetime) -> World:
    """The rows as the application had them then."""
    then = deepcopy(world)
    for table, column in BEGINS.items():
        then[table] = [row for row in then[table] if row[column] is None or row[column] <= moment]
    for table, columns in LATER.items():
        for row in then[table]:
            for column, others in columns.items():
                if row[column] and row[column] > moment:
                    row.update(dict.fromkeys((column, *others)))
    return then


#: Target, the application's table and key, and its mart: documents that go on from what was published.
GOING_ON = (
    ("tier_info", "seller_profiles", "seller_id", "seller_tiers"),
    ("gamification", "users", "user_id", "user_gamification"),
)


def publish(engine: Engine, schema: str, moment: datetime) -> None:
    """As the publishing step does, a minute after the run's moment. What is no object stays as it is."""
    with engine.begin() as connection:
        for target, table, key, mart in GOING_ON:
            of_mart = f"{schema}.{mart} as mart where mart.{key} = application.id"
            differs = f"application.{target} || mart.document is distinct from application.{target}"
            if target == "gamification":
                differs = f"jsonb_typeof(application.{target}) = 'object' and {differs}"
            connection.execute(
                text(
                    "insert into standing.history (run_id, target, member_id, old_document, new_hash,"
                    " published_at)"
                    f" select :run_id, '{target}', application.id, application.{target}, '', :at"
                    f" from {table} as application, {of_mart} and ({differs})"
                ),
                {"run_id": moment.toordinal(), "at": moment + timedelta(minutes=1)},
            )
            written = f"when jsonb_typeof({target}) = 'object' then {target} || mart.document else {target}"
            connection.execute(
                text(f"update {table} as application set {target} = case {written} end from {of_mart}")
            )
        connection.execute(text("drop table if exists published_gamification"))
        connection.execute(
            text("create table published_gamification as select id, gamification from users")
        )


def load_again(connection: Connection, world: World) -> None:
    """The rows, with what was published of members before."""
    load(connection, world)
    if connection.scalar(text("select to_regclass('published_gamification')")):
        connection.execute(
            text(
                "update users set gamification = published.gamification"
                " from published_gamification as published where published.id = users.id"
            )
        )


def timeless(found: dict[str, Any]) -> dict[str, Any]:
    """A run at the time knew nothing of what has been entered since, such as when a step comes."""
    return {
        target: {
            key: {
                name: value
                for name, value in document.items()
                if name not in ("valid_until", "next_review")
            }
            for key, document in members.items()
        }
        for target, members in found.items()
    }


#: What a document says of the time to come.
TO_COME = {"next_review", "valid_until", "grace.until"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)")


def moments(found: Any, path: str = "") -> Iterator[tuple[str, datetime]]:
    """Every moment in a document, with the keys that lead to it."""
    if isinstance(found, dict):
        for key, value in found.items():
            yield from moments(value, f"{path}.{key}")
    elif isinstance(found, list):
        for value in found:
            yield from moments(value, path)
    elif isinstance(found, datetime):
        yield path, found
    elif isinstance(found, str) and MOMENT.fullmatch(found):
        yield path, datetime.fromisoformat(found)


def of_the_future(built: dict[str, Any], as_of: datetime) -> list[str]:
    """Moments after as_of in documents, where nobody may know them yet."""
    return [
        f"{target} {member} {path}: {moment} is after {as_of}"
        for target, members in built.items()
        for member, document in members.items()
        for path, moment in moments(document)
        if moment > as_of and not path.endswith(tuple(f".{key}" for key in TO_COME))
    ]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("number", [3, pytest.param(30, marks=pytest.mark.prove)])
def test_a_replay_gives_what_a_run_then_gave(
    number: int, seed: int, module_database: Callable[[str], Settings], upgraded_template: str
) -> None:
    """So many days in a row are lived through; each is built twice."""
    days = [AS_OF - timedelta(days=ago) for ago in range(number - 1, -1, -1)]
    settings = module_database(upgraded_template)
    world = history(seed)
    with connect(settings) as engine:
        with engine.begin() as connection:
            empty(connection)
        at_the_time = {}
        prepare(settings, engine, days[0], GRACE)
        for day in days:
            with engine.begin() as connection:
                clear(connection)
                then = as_it_was(world, day)
                if day != days[0]:
                    then["seller_profiles"] = []
                load_again(connection, then)
            build_models(settings, engine, day, day)
            at_the_time[day] = timeless(documents(engine, settings))
            publish(engine, settings.build_schema, day)
        with engine.begin() as connection:
            clear(connection)
            load_again(connection, {**world, "seller_profiles": []})
        replay = settings.model_copy(update={"build_schema": settings.replay_schema})
        prepare(replay, engine, days[0], GRACE)
        seen: set[str] = set()
        for day in days:
            build_models(replay, engine, day, AS_OF + timedelta(days=30))
            replayed = documents(engine, replay)
            assert of_the_future(replayed, day) == []
            seen |= {path for m in replayed.values() for d in m.values() for path, _ in moments(d)}
            again = timeless(replayed)
            for target, members in at_the_time[day].items():
                wrong = {key for key in members if members[key] != again[target].get(key)}
                example = next(iter(wrong), None)
                assert not wrong, (
                    day,
                    target,
                    len(wrong),
                    members.get(example),
                    again[target].get(example),
                )
        written = (".tier_achieved_at", ".tier_change_history.at", ".last_updated", ".last_calculated")
        assert {*written, ".badges.earned_at", ".evidence.overall.to", ".next_review"} <= seen
        won = [d["gamification"] for d in at_the_time.values()]
        assert any(a[key]["badges"] != b[key]["badges"] for a, b in pairwise(won) for key in a)
        tiers = [d["tier_info"] for d in at_the_time.values()]
        assert any(
            a[key]["current_tier"] != b[key]["current_tier"] for a, b in pairwise(tiers) for key in a
        )

"""Points are posted and end while the application spends: none is lost, none is there twice, and no expiry
takes a balance below zero.
"""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from uuid import NAMESPACE_URL, uuid5

import pytest
from conftest import MakeDatabase
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError
from support.decided import column, do, rows_of, scalar
from support.small_ledger import BROKEN, END, POINTS, UNEQUAL, Worth, build, read_ledger, spend
from support.small_mart import declare, find, publish
from support.spending import RELATIVE, lowest_after_an_expiry, redeem_after_reading, spending

from standing.errors import StandingError
from standing.settings import Settings

pytestmark = pytest.mark.usefixtures("no_audits")


@pytest.fixture
def marketplace(
    make_database: MakeDatabase, published_template: str, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    declare(monkeypatch, POINTS)
    return make_database(
        published_template,
        STANDING_LOCK_WAIT_MINUTES=0,
        STANDING_PUBLISH_CHUNK=4,
        SOURCE_TIME_ZONE="Asia/Bangkok",
    )


def post_a_month(engine: Engine, settings: Settings, members: list[str], month: int) -> None:
    """Everybody earns by an order, and all that is left of what was there ends."""
    ends = END + timedelta(days=month)
    read_ledger(engine)  # what ends is made of what the marts have seen, and of nothing later
    entries = "select user_id::text, sum(amount * counts)::int {} from standing_build.toy_entries {}"
    ended = rows_of(engine, entries.format(", expires_at", "where source = 'expiry' group by 1, 3"))
    worth = [Worth(member, amount, ends=at) for member, amount, at in ended]
    left = dict(rows_of(engine, entries.format("", "group by 1")))
    worth += [Worth(one, -left[one], ends=ends) for one in members if left[one] > 0]
    orders = [str(uuid5(NAMESPACE_URL, str(one))) for one in range(month + 1)]
    worth += [Worth(member, 60, order) for member in members for order in orders]
    build(engine, members, *worth, is_read=True)
    find(engine, settings, POINTS)
    with suppress(StandingError):  # the application was in the way too often, or the connection was ended
        publish(engine, settings, POINTS)


def test_redemptions_of_each_style_beside_postings(
    marketplace: Settings, database: Engine, seed: int
) -> None:
    members = column(database, "select id::text from users order by id limit 12")
    careful, relative, careless = members[:4], members[4:6], members[6]
    styles: dict[str, Callable[[str, int], None]] = {
        **dict.fromkeys(careful, lambda member, points: spend(database, member, points)),
        **dict.fromkeys(
            relative,
            lambda member, points: redeem_after_reading(database, member, points, RELATIVE),
        ),
    }
    drawing = random.Random(seed)  # noqa: S311
    with spending(database, drawing, styles):
        for month in range(5):
            post_a_month(database, marketplace, members, month)
    assert column(database, UNEQUAL) == []
    assert set(column(database, BROKEN)) <= set(relative)
    assert lowest_after_an_expiry(database) >= 0
    # Who writes back a balance that was read before is left alone, and named.
    do(database, f"update loyalty_programs set points_balance = 17 where user_id = '{careless}'")
    post_a_month(database, marketplace, members, 5)
    due = "select member_id::text from standing.due where target = 'toy_points'"
    assert column(database, due) == [careless]
    assert column(database, UNEQUAL) == [careless]


@pytest.mark.prove
def test_postings_beside_redemptions_while_connections_are_ended(
    marketplace: Settings, database: Engine, seed: int, record_property: Callable[[str, object], None]
) -> None:
    """As before with more of everything, and the posting connection is ended at random."""
    drawing = random.Random(seed)  # noqa: S311
    members = column(database, "select id::text from users order by id limit 60")
    ended = threading.Event()
    kills = 0

    def end_postings() -> None:
        nonlocal kills
        killer = create_engine(database.url)
        while not ended.wait(drawing.random() / 4):
            kills += scalar(
                killer,
                "select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity"
                " where datname = current_database() and query like '%standing_deltas%'"
                " and pid != pg_backend_pid() and state != 'idle'",
            )
        killer.dispose()

    styles = {member: lambda one, points: spend(database, one, points) for member in members[:5]}
    everybody = {
        one: (lambda _, points: spend(database, drawing.choice(members), points)) for one in styles
    }
    with ThreadPoolExecutor(1) as pool, spending(database, drawing, everybody):
        killing = pool.submit(end_postings)
        for month in range(40):
            with suppress(DBAPIError):
                post_a_month(database, marketplace, members, month)
        ended.set()
        killing.result()
    assert column(database, UNEQUAL) == column(database, BROKEN) == []
    assert lowest_after_an_expiry(database) >= 0
    for type_ in ("spend", "expire", "earn"):
        number = scalar(database, f"select count(*) from points_transactions where type = '{type_}'")
        record_property(f"{type_} rows", number)
        assert number
    record_property("connections ended", kills)

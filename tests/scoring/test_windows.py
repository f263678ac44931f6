"""Windows begin at midnights of the business time zone: events at the edge, and valid_until."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from reference.events import plain_order
from reference.loading import LASTING, empty, load, prepare
from reference.marketplaces import TABLES, Maker
from reference.orders import World
from sqlalchemy import Engine, text

from standing.build import dbt
from standing.contract.targets import TARGETS
from standing.database.connect import connect
from standing.incremental.plan import open_build
from standing.settings import Settings

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Edge:
    """A moment, and the midnight with which the 30 business days begin that end with it."""

    zone: str
    as_of: datetime
    begins: datetime


EDGES = {
    "Bangkok": Edge(
        "Asia/Bangkok", datetime(2026, 6, 10, 9, tzinfo=UTC), datetime(2026, 5, 11, 17, tzinfo=UTC)
    ),
    "the last second of a day": Edge(
        "Asia/Bangkok", datetime(2026, 6, 10, 16, 59, 59, tzinfo=UTC), datetime(2026, 5, 11, 17, tzinfo=UTC)
    ),
    "midnight itself": Edge(
        "Asia/Bangkok", datetime(2026, 6, 10, 17, tzinfo=UTC), datetime(2026, 5, 12, 17, tzinfo=UTC)
    ),
    # Clocks were put back on 1 November, and forward on 8 March.
    "a day of 25 hours": Edge(
        "America/New_York", datetime(2026, 11, 10, 15, tzinfo=UTC), datetime(2026, 10, 12, 4, tzinfo=UTC)
    ),
    "a day of 23 hours": Edge(
        "America/New_York", datetime(2026, 3, 20, 14, tzinfo=UTC), datetime(2026, 2, 19, 5, tzinfo=UTC)
    ),
    # There the clocks go from midnight to one, and from one back to midnight.
    "a midnight that never was": Edge(
        "America/Sao_Paulo", datetime(2018, 12, 3, 12, tzinfo=UTC), datetime(2018, 11, 4, 3, tzinfo=UTC)
    ),
    "a midnight that came twice": Edge(
        "Atlantic/Azores", datetime(2026, 11, 23, 12, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)
    ),
}


@dataclass
class Market:
    """A prepared database, in which each case is a marketplace with one shop and one buyer."""

    settings: Settings
    engine: Engine

    def build(self, zone: str, as_of: datetime, mart: str) -> None:
        """One mart with all that it is made of, for everybody."""
        open_build(self.engine, self.settings, 1, as_of, TARGETS)
        with self.engine.begin() as connection:
            connection.execute(
                text(
                    f"update {self.settings.build_schema}.run_context"
                    " set wall_clock = :clock, business_time_zone = :zone"
                ),
                {"clock": as_of + DAY, "zone": zone},
            )
        dbt.invoke(
            self.settings,
            self.engine.url,
            "run",
            "--full-refresh",
            "--select",
            f"+{mart}",
            "--exclude",
            *LASTING,
        )

    def documents(self, mart: str) -> list[dict[str, Any]]:
        """As built, with `valid_until` beside a document's keys."""
        with self.engine.connect() as connection:
            rows = connection.execute(
                text(f"select document, valid_until from {self.settings.build_schema}.{mart}")
            )
            return [{**document, "valid_until": valid_until} for document, valid_until in rows]

    def load(self, world: World) -> None:
        with self.engine.begin() as connection:
            empty(connection)
            load(connection, world)


@pytest.fixture(scope="module")
def market(module_database: Callable[[str], Settings], upgraded_template: str) -> Iterator[Market]:
    settings = module_database(upgraded_template)
    with connect(settings) as engine:
        prepare(settings, engine, datetime(2026, 6, 10, tzinfo=UTC), {})
        yield Market(settings, engine)


def shop(*moments: datetime) -> World:
    """A shop that at each moment completed an order and got a review of 5 stars."""
    world: World = {table: [] for table in TABLES}
    maker = Maker(Random("windows"), world)  # noqa: S311
    member, buyer = maker.user(), maker.user()
    long_ago = min(moments) - 900 * DAY
    for person in (member, buyer):
        person["created_at"] = long_ago
        person["last_login_at"] = None
    sold = maker.shop(member)
    sold.update(created_at=long_ago, tier_info=None)
    for moment in moments:
        plain_order(maker, buyer, sold, created_at=moment - HOUR, completed_at=moment, status="completed")
        maker.put(
            "reviews",
            id=maker.key(),
            order_id=None,
            seller_id=sold["id"],
            reviewer_id=buyer["id"],
            rating=5,
            created_at=moment,
            detailed_ratings=None,
            engagement=None,
            moderation=None,
        )
    return world


def written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize("edge", EDGES.values(), ids=EDGES.keys())
def test_the_midnight_that_begins_a_window_is_in_it_and_the_second_before_is_not(
    market: Market, edge: Edge
) -> None:
    market.load(shop(edge.begins - SECOND, edge.begins, edge.begins + SECOND, edge.as_of))
    market.build(edge.zone, edge.as_of, "seller_ratings")
    evidence = market.documents("seller_ratings")[0]["evidence"]
    counted = {"num": 15, "den": 3, "from": written(edge.begins), "to": written(edge.as_of)}
    assert evidence["last_30_days_avg"] == counted
    assert evidence["last_90_days_avg"]["den"] == 4


def test_what_lies_before_a_window_is_in_the_one_before_it(market: Market) -> None:
    edge = EDGES["a day of 25 hours"]
    # 60 days begin on 12 September; an hour before that midnight nothing counts.
    earliest = datetime(2026, 9, 12, 4, tzinfo=UTC)
    market.load(shop(earliest - SECOND, earliest, edge.begins - SECOND, edge.begins))
    market.build(edge.zone, edge.as_of, "seller_performance")
    performance = market.documents("seller_performance")[0]
    assert performance["last_30_days_sales"] == 1
    growth = performance["evidence"]["month_over_month_growth"]
    assert (growth["num"], growth["den"]) == (-700, 1400)
    assert (growth["from"], growth["to"]) == (written(earliest), written(edge.begins))
    assert performance["total_sales"] == 4


def test_a_document_stands_until_the_midnight_at_which_an_event_leaves_and_not_longer(
    market: Market,
) -> None:
    """A review of 20 October leaves the 30 days at midnight of 19 November, whatever the clocks did."""
    edge = EDGES["a day of 25 hours"]
    market.load(shop(datetime(2026, 10, 20, 19, 30, tzinfo=UTC)))
    market.build(edge.zone, edge.as_of, "seller_ratings")
    before = market.documents("seller_ratings")[0]
    assert before["valid_until"] == datetime(2026, 11, 19, 5, tzinfo=UTC)

    market.build(edge.zone, before["valid_until"] - SECOND, "seller_ratings")
    assert market.documents("seller_ratings")[0]["last_30_days_avg"] == 5
    market.build(edge.zone, before["valid_until"], "seller_ratings")
    assert market.documents("seller_ratings")[0]["last_30_days_avg"] == 0


def test_the_age_of_an_account_moves_at_midnight(market: Market) -> None:
    """Who joined at noon is a day old after the first midnight."""
    world = shop(datetime(2026, 10, 1, tzinfo=UTC))
    joined = datetime(2026, 10, 12, 16, tzinfo=UTC)
    for person in world["users"]:
        person["created_at"] = joined
    market.load(world)
    edge = EDGES["a day of 25 hours"]
    thirty = datetime(2026, 11, 11, 5, tzinfo=UTC)
    for as_of, points in ((thirty - SECOND, False), (thirty, True)):
        market.build(edge.zone, as_of, "user_trust_scores")
        found = market.documents("user_trust_scores")
        codes = [{factor["code"] for factor in document["factors"]["positive"]} for document in found]
        assert all(("account_age_days" in held) is points for held in codes)
        if not points:
            assert {document["valid_until"] for document in found} == {thirty}

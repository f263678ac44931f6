"""Who is due when: members whom the runs cannot know yet."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from conftest import MakeDatabase
from sqlalchemy import Engine
from support.clock import set_clock
from support.decided import column, do, scalar

from standing.contract.targets import TARGETS
from standing.database.clock import wall_clock
from standing.database.connect import connect
from standing.incremental.observed import BuildRequest
from standing.incremental.plan import make_plan
from standing.run.execute import execute
from standing.run.run import Request
from standing.settings import Settings

pytestmark = pytest.mark.usefixtures("no_audits")

LATER = "00000000-0000-0000-0000-000000001a7e"
UNDATED = "00000000-0000-0000-0000-00000000da7e"
SHOP = "00000000-0000-0000-0000-0000000005e1"
NEWCOMERS = f"'{LATER}', '{UNDATED}', '{SHOP}'"


def run(marketplace: Settings, full: bool = False) -> None:
    outcome = execute(marketplace, Request(full=full))
    assert outcome.status == "published", outcome.message


def scored(engine: Engine) -> set[str]:
    """The newcomers who have a document that a run has made."""
    return set(
        column(
            engine,
            f"select id::text from users where id in ({NEWCOMERS}) and trust_score ? 'evidence' union"
            f" select id::text from seller_profiles where id in ({NEWCOMERS}) and ratings ? 'evidence'",
        )
    )


def due_at(engine: Engine, member: str, target: str) -> datetime | None:
    """When the member will be due; fails where that is not noted, or where they are due already."""
    assert scalar(engine, f"select count(*) from standing.due where member_id = '{member}'") == 0
    noted = column(
        engine,
        f"select due_at from standing.member_state where member_id = '{member}' and target = '{target}'",
    )
    assert len(noted) == 1
    return noted[0]  # type: ignore[return-value]


def test_everybody_is_due_for_the_reason_that_explains_most(
    make_database: MakeDatabase, published_template: str
) -> None:
    marketplace = make_database(published_template)
    with connect(marketplace) as engine:

        def reasons(*changes: str) -> tuple[str, ...]:
            do(engine, "truncate standing.due", *changes)
            return make_plan(engine, marketplace, BuildRequest(2, wall_clock(engine), TARGETS)).reasons

        assert reasons("truncate user_warnings") == ("everything in user_warnings may have changed",)
        off = ("trigger standing_log_insert on orders is disabled",)
        assert reasons("alter table orders disable trigger standing_log_insert") == off
        # By now the log says that something was not logged.
        assert reasons() == off
        assert reasons("alter table orders enable always trigger standing_log_insert") == (
            "changes may have been missed while the change log was not complete",
        )
        assert reasons() == ()


@pytest.mark.parametrize("full", [False, True], ids=["due", "full"])
def test_who_joins_later_is_due_then_and_costs_no_run_before(
    full: bool, make_database: MakeDatabase, published_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    marketplace = make_database(published_template, STANDING_LOCK_WAIT_MINUTES=0)
    with connect(marketplace) as engine:
        now = wall_clock(engine)
        tomorrow = now + timedelta(days=1)
        do(
            engine,
            f"insert into users (id, display_name, created_at) values ('{LATER}', 'มาลี', '{tomorrow}'),"
            f" ('{UNDATED}', 'สมชาย', '0001-01-01')",
            "insert into seller_profiles (id, user_id, created_at)"
            f" select '{SHOP}', id, '{tomorrow}' from users where id not in (select user_id"
            " from seller_profiles) order by id limit 1",
        )
        if full:
            do(engine, "insert into standing.due (target, reason) values ('trust_score', 'of the test')")
        run(marketplace)
        assert scored(engine) == set()
        for target in ("trust_score", "behavior_score"):
            assert due_at(engine, LATER, target) == tomorrow
            assert due_at(engine, UNDATED, target) is None
        for target in ("ratings", "performance", "tier_info"):
            assert due_at(engine, SHOP, target) == tomorrow

        set_clock(monkeypatch, lambda: tomorrow)
        run(marketplace)
        assert scored(engine) == {LATER, SHOP}
        assert due_at(engine, UNDATED, "trust_score") is None

        do(engine, f"update users set created_at = '{now}' where id = '{UNDATED}'")
        run(marketplace)
        assert scored(engine) == {LATER, SHOP, UNDATED}


def test_between_two_midnights_nobody_falls_due_by_time_alone(
    make_database: MakeDatabase, published_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no shipment and no answer is awaited: those are stated moments."""
    marketplace = make_database(published_template)
    with connect(marketplace) as engine:
        zone = ZoneInfo(marketplace.business_time_zone)
        today = wall_clock(engine).astimezone(zone).date()
        midnight, next_midnight = (
            datetime.combine(today + timedelta(days=n), time(), zone) for n in (1, 2)
        )
        awaited = "select order_id from standing_build.int_order_facts where next_step_at is not null"
        do(
            engine,
            "delete from messages",
            "update orders set status = 'cancelled', cancelled_by = 'buyer',"
            f" cancelled_at = '{wall_clock(engine)}',"
            f" shipped_at = null, delivered_at = null, completed_at = null where id in ({awaited})",
        )
        set_clock(monkeypatch, lambda: midnight + timedelta(minutes=30))
        run(marketplace, full=True)  # that there are no messages any more is meant
        due = "select count(*) from standing.member_state where due_at {}"
        assert scalar(engine, due.format(f"> '{midnight}' and due_at < '{next_midnight}'")) == 0
        assert scalar(engine, due.format(f"= '{next_midnight}'")) != 0
        # Later ones are midnights, too, but for the review of a trust score, which its document states.
        others = scalar(
            engine,
            f"select count(*) from standing.member_state where due_at > '{next_midnight}'"
            f" and (due_at at time zone '{zone}')::time <> '00:00' and not (target = 'trust_score' and"
            " due_at ="
            " (select (trust_score ->> 'next_review')::timestamptz from users where id = member_id))",
        )
        assert others == 0

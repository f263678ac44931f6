"""What a report says of a run: where members stood before, and what was set aside run by run."""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from conftest import MakeDatabase, Standing
from sqlalchemy import Engine, create_engine, text

from standing.findings.freshness import freshness
from standing.findings.largest_changes import EXAMPLES
from standing.run.execute import execute
from standing.run.run import Request
from standing.settings import Settings

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def marketplace(make_database: MakeDatabase, published_template: str) -> Settings:
    """After a first run."""
    return make_database(published_template, STANDING_LOCK_WAIT_MINUTES=0)


def report_of(settings: Settings, run_id: int) -> dict[str, Any]:
    file = settings.home / "reports" / f"run-{run_id:06}" / "report.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def spoil(engine: Engine, number: int) -> None:
    """So many more orders with an amount that nobody pays."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "update orders set total_amount = 90000000 where id in"
                " (select id from orders where total_amount < 90000000 order by id limit :number)"
            ),
            {"number": number},
        )


def test_each_reason_has_its_rows_of_the_last_runs_and_replays_are_none_of_them(
    marketplace: Settings, database: Engine
) -> None:
    spoil(database, 2)
    second = execute(marketplace, Request())
    replayed = execute(marketplace, Request(as_of=second.as_of))
    assert replayed.status == "replayed"
    spoil(database, 19)
    execute(marketplace, Request())

    last = report_of(marketplace, 4)
    assert [one["run_id"] for one in last["quarantine_runs"]] == [1, 2, 4]
    # 21 are more than the limit of 20, and such a run's rows are counted too.
    assert [one["status"] == "failed" for one in last["quarantine_runs"]] == [False, False, True]
    trends = {(one["source"], one["reason"]): one["rows"] for one in last["quarantine_trend"]}
    assert trends["orders", "absurd amount"] == [0, 2, 21]
    assert {len(rows) for rows in trends.values()} == {3}
    page = (marketplace.home / "reports" / "run-000004" / "report.html").read_text(encoding="utf-8")
    assert "oldest first: 0, 2, 21." in page


def levels(engine: Engine) -> dict[str, int]:
    """Members by published level."""
    with engine.connect() as connection:
        return {
            str(level): int(members)
            for level, members in connection.execute(
                text("select trust_score ->> 'level', count(*) from users group by 1")
            )
        }


def shown_levels(settings: Settings, run_id: int, side: str) -> dict[str, int]:
    shown = next(one for one in report_of(settings, run_id)["distributions"] if one["name"] == "level")
    return {bucket["label"]: bucket["count"] for bucket in shown[side] if bucket["count"]}


def moved_steps(changes: list[dict[str, Any]], target: str) -> dict[str, tuple[str, str]]:
    found = (one for one in changes if one["target"] == target and one["step_before"] != one["step_after"])
    return {one["member_id"]: (one["step_before"], one["step_after"]) for one in found}


def published_steps(engine: Engine) -> dict[str, str]:
    """Every member's level and shop's tier, as published."""
    statement = (
        "select id::text, trust_score ->> 'level' as step from users union all"
        " select id::text, tier_info ->> 'current_tier' from seller_profiles"
    )
    with engine.connect() as connection:
        return {row.id: row.step for row in connection.execute(text(statement))}


@dataclass(frozen=True)
class Moved:
    """A marketplace in which run 2 moved a few members, and the gate stopped run 3, which would move all.

    `levels` and `steps` are what was published before run 2 and after it.
    """

    settings: Settings
    levels: tuple[dict[str, int], dict[str, int]]
    steps: tuple[dict[str, str], dict[str, str]]


@pytest.fixture(scope="module")
def moved(module_database: Callable[[str], Settings], published_template: str) -> Moved:
    settings = module_database(published_template)
    engine = create_engine(settings.database_url or "")
    papers_lost = "update users set email_verified = false, phone_verified = false, kyc_status = 'none'"
    ten = "(select id from users where trust_score ->> 'level' = 'silver' order by id limit 10)"
    with engine.begin() as connection:
        connection.execute(text(f"{papers_lost} where id in {ten}"))
        # One shop has been given a tier by hand, and its grace is over; the run takes it back.
        connection.execute(
            text(
                "update seller_profiles set"
                " tier_info = jsonb_set(tier_info, '{evidence,grace}',"
                """ '{"since": "2020-01-01T00:00:00Z"}')"""
                """ || '{"current_tier": "top_seller", "tier_level": 5}'"""
                " where id = (select id from seller_profiles"
                " where tier_info ->> 'current_tier' = 'starter' order by id limit 1)"
            )
        )
    before = levels(engine), published_steps(engine)
    second = execute(settings, Request(full=True))
    assert second.status == "published", second.message
    after = levels(engine), published_steps(engine)
    with engine.begin() as connection:
        connection.execute(text(papers_lost))
    third = execute(settings, Request())
    assert third.status == "stopped", third.message  # by the gate: too many members move down
    assert levels(engine) == after[0]
    engine.dispose()
    return Moved(settings, *zip(before, after, strict=True))  # type: ignore[arg-type]


def test_scores_before_are_those_published_whether_or_not_the_run_wrote(moved: Moved) -> None:
    before, after = moved.levels
    assert shown_levels(moved.settings, 2, "before") == before != after
    assert shown_levels(moved.settings, 2, "after") == after
    names = {one["name"]: one for one in report_of(moved.settings, 2)["distributions"]}
    numbers = {"overall_score", "rating", "adjusted_rating"}
    assert set(names) == {"level", "experience_level", "loyalty_tier", "tier", *numbers}
    assert names["overall_score"]["before"] != names["overall_score"]["after"]
    assert names["adjusted_rating"]["before"] == names["adjusted_rating"]["after"]
    assert shown_levels(moved.settings, 3, "before") == after
    assert shown_levels(moved.settings, 3, "after") != after


def test_who_moves_most_is_shown_with_level_or_tier_and_the_factors_that_moved(moved: Moved) -> None:
    before, after = moved.steps
    changes = report_of(moved.settings, 2)["largest_changes"]
    fallen = moved_steps(changes, "trust_score")
    assert ("silver", "bronze") in fallen.values()
    assert ("top_seller", "starter") in moved_steps(changes, "tier_info").values()
    for member, steps in (fallen | moved_steps(changes, "tier_info")).items():
        assert steps == (before[member], after[member])
    first = next(one for one in changes if fallen.get(one["member_id"]) == ("silver", "bronze"))
    assert first["requirement"].startswith("Silver asks for 60 points")
    assert (first["direction"], first["unit"]) == ("down", "members")
    assert first["cause"].endswith(" ↓")
    lost = {factor["label_en"]: factor for factor in first["factors"]}["E-mail address verified"]
    assert (lost["code"], lost["label_th"], lost["before"], lost["after"]) == (
        "email_verified",
        "ยืนยันอีเมลแล้ว",
        2.0,
        None,
    )
    explained = sum((one["after"] or 0) - (one["before"] or 0) for one in first["factors"])
    assert explained == pytest.approx(first["after"] - first["before"])


def test_a_run_that_the_gate_stops_names_those_whom_a_diff_of_it_names(
    moved: Moved, standing: Standing
) -> None:
    differing = json.loads(standing.told(moved.settings, "diff", "--stopped", "--json"))["largest_changes"]
    outwardly = [
        one
        for name in ("trust_score", "ratings", "tier_info")
        for one in differing
        if one["target"] == name
        and (one["before"], one["step_before"]) != (one["after"], one["step_after"])
    ]
    shown: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for one in outwardly:
        shown.setdefault((one["target"], one["direction"], one["cause"]), []).append(one)
    examples = [id(one) for alike in shown.values() for one in alike[:EXAMPLES]]
    assert report_of(moved.settings, 3)["largest_changes"] == [
        one for one in outwardly if id(one) in examples
    ]
    assert len(outwardly) > len(examples)
    for alike in shown.values():
        assert {one["alike"] for one in alike} == {len(alike)}
    # Losses first, and all of them in a file beside the page, in the same order.
    rank = ["down", "up", "stays"].index
    of_trust = [one for one in outwardly if one["target"] == "trust_score"]
    assert [rank(one["direction"]) for one in of_trust] == sorted(
        rank(one["direction"]) for one in of_trust
    )
    folder = moved.settings.home / "reports" / "run-000003"
    assert 'href="movers.csv"' in (folder / "report.html").read_text("utf-8")
    rows = list(csv.DictReader((folder / "movers.csv").read_text("utf-8-sig").splitlines()))
    assert [(row["document"], row["id"], row["cause"]) for row in rows] == [
        (one["target"], one["member_id"], one["cause"]) for one in outwardly
    ]
    assert {row["kind"] for row in rows if row["document"] != "trust_score"} <= {"shop"}


def test_a_source_that_lost_its_newest_rows_is_shown_as_late(
    marketplace: Settings, database: Engine
) -> None:
    """Times of the source are local ones without zone."""
    settings = marketplace.model_copy(update={"source_time_zone": "Asia/Bangkok"})
    statements = (
        "drop schema if exists standing_build cascade",
        "alter table orders alter created_at type timestamp(3) using created_at at time zone"
        " 'Asia/Bangkok'",
        "update orders set created_at = now() at time zone 'Asia/Bangkok' - interval '1 minute'"
        " where id = (select id from orders order by id limit 1)",
    )
    with database.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
        before = connection.scalar(text("select now() - interval '61 seconds'"))
        newest = {one.source: one for one in freshness(connection, settings)}["orders"]
    assert newest.status == "ok"
    assert newest.latest is not None
    assert timedelta() <= newest.latest - before < timedelta(seconds=2)

    with database.begin() as connection:
        connection.execute(text("update orders set created_at = created_at - interval '3 days'"))
        newest = {one.source: one for one in freshness(connection, settings)}["orders"]
    assert newest.status == "late"

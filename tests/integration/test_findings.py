"""What a report says of a run: where members stood before, and what was set aside run by run."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import MakeDatabase
from reference.loading import build
from sqlalchemy import Engine, create_engine, text

from standing.context import wall_clock
from standing.movements import MEASURES, matrix
from standing.run import execute
from standing.settings import Settings
from standing.stages import Request
from standing.targets import TARGETS

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def marketplace(make_database: MakeDatabase, upgraded_template: str) -> Settings:
    return make_database(upgraded_template, STANDING_LOCK_WAIT_MINUTES=0)


@pytest.fixture
def database(marketplace: Settings) -> Iterator[Engine]:
    engine = create_engine(marketplace.database_url or "")
    yield engine
    engine.dispose()


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
    execute(marketplace, Request())
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


def test_scores_before_are_those_published_whether_or_not_the_run_wrote(
    marketplace: Settings, database: Engine
) -> None:
    first = execute(marketplace, Request())
    assert first.status == "published", first.message
    with database.begin() as connection:
        published = {
            str(level): members
            for level, members in connection.execute(
                text("select trust_score ->> 'level', count(*) from users group by 1")
            )
        }
        connection.execute(text("update users set email_verified = false, phone_verified = false"))
    now = wall_clock(database)
    build(marketplace, database, now, now, {})
    target = next(one for one in TARGETS if one.name == "trust_score")
    level = next(one for one in MEASURES if one.name == "level")
    with database.connect() as connection:
        unwritten = matrix(connection, marketplace, target, level, None)
    before: Counter[str | None] = Counter()
    for cell in unwritten:
        before[cell.before] += cell.members
    assert dict(before) == published
    assert any(cell.before != cell.after for cell in unwritten)

    second = execute(marketplace, Request())
    assert second.status == "published", second.message
    with database.connect() as connection:
        assert matrix(connection, marketplace, target, level, second.run_id) == unwritten

    shown = {one["name"]: one for one in report_of(marketplace, 2)["distributions"]}
    assert set(shown) == {"level", "overall_score", "tier", "rating", "adjusted_rating"}
    for one in shown.values():
        assert sum(bucket["count"] for bucket in one["before"]) == sum(b["count"] for b in one["after"])
    assert shown["overall_score"]["before"] != shown["overall_score"]["after"]
    assert shown["adjusted_rating"]["before"] == shown["adjusted_rating"]["after"]

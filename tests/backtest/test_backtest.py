"""`standing backtest`: nothing from the future, the same twice, and clear where there is little."""

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
from conftest import Standing
from sqlalchemy import Connection, Engine, text
from support.decided import documents, scalar

from standing import PROJECT_ROOT
from standing.backtest.figures import Backtest
from standing.backtest.moments import History, OriginRange, origins
from standing.backtest.observations import observe
from standing.errors import SettingError
from standing.findings.foretold import foretold
from standing.settings import Settings
from standing.sql import render

#: What happens to a row after it began, and what else the row says since.
LATER = {
    **dict.fromkeys(
        [
            ("orders", column)
            for column in ("paid_at", "shipped_at", "delivered_at", "completed_at", "cancelled_at")
        ],
        ", status = 'pending', updated_at = null",
    ),
    ("orders", "refunded_at"): ", status = 'pending', updated_at = null, refunded_amount = null",
    ("disputes", "resolved_at"): ", decided_against = null",
    ("returns", "completed_at"): "",
}
BEGINS = {
    "reviews": "created_at",
    "disputes": "opened_at",
    "returns": "requested_at",
    "order_exclusions": "decided_at",
    "orders": "created_at",
}
#: The simulated history ends with May.
ORIGIN = datetime(2025, 12, 31, 17, tzinfo=UTC)


@pytest.fixture(scope="module")
def marketplace(module_database: Callable[[str], Settings], published_template: str) -> Settings:
    return module_database(published_template)


def forget_the_future(connection: Connection, schema: str) -> int:
    """Take everything after the origin out of the application, and of what the last run derived of it."""
    given = {"origin": ORIGIN}
    gone = 0
    connection.execute(text("set local session_replication_role = replica"))
    for table, column in BEGINS.items():
        gone += connection.execute(text(f"delete from {table} where {column} > :origin"), given).rowcount
    for (table, column), others in LATER.items():
        gone += connection.execute(
            text(f"update {table} set {column} = null{others} where {column} > :origin"), given
        ).rowcount
    connection.execute(
        text(f"delete from {schema}.int_review_facts where review_id not in (select id from reviews)")
    )
    return gone


def test_nothing_after_an_origin_changes_what_is_known_of_it(
    marketplace: Settings, database: Engine
) -> None:
    with database.connect() as connection:
        before = observe(connection, marketplace.build_schema, [ORIGIN])
        assert forget_the_future(connection, marketplace.build_schema) > 1000
        after = observe(connection, marketplace.build_schema, [ORIGIN])
        connection.rollback()
    followed = {"placed", "excluded", "labelled", "bad", "called_off"}
    assert before["placed"].sum() > 100
    assert after["placed"].sum() == 0
    rows = np.isin(before.seller_id, after.seller_id)
    for name in before.numbers.keys() - followed:
        assert before[name].sum() > 0 or name == "problems"
        assert np.array_equal(before[name][rows], after[name]), name
        assert name == "tier_level" or not before[name][~rows].any(), name


def test_tiers_day_by_day_are_those_of_the_origins(marketplace: Settings, database: Engine) -> None:
    midnights = [datetime(2025, 12, 31, 17, tzinfo=UTC), datetime(2026, 3, 16, 17, tzinfo=UTC)]
    with database.connect() as connection:
        observed = observe(connection, marketplace.build_schema, midnights)
        statement = render("backtest/tier_days.sql.j2", schema=marketplace.build_schema)
        steps = connection.execute(text(statement)).all()
    for at, seller_id in enumerate(observed.seller_id):
        day = (midnights[observed.origin[at]] + timedelta(hours=7)).date()
        levels = [one.tier_level for one in steps if one.shop == seller_id and one.day <= day]
        assert (levels or [1])[-1] == observed["tier_level"][at], (seller_id, day)
    assert set(observed["tier_level"]) > {1, 2}


def test_it_prints_the_same_twice_is_kept_and_touches_no_document(
    marketplace: Settings, database: Engine, standing: Standing
) -> None:
    before = documents(database)
    first = standing.told(marketplace, "backtest")
    assert standing.told(marketplace, "backtest") == first
    said = json.loads(standing.told(marketplace, "backtest", "--json"))
    assert said["remember"] in ("", first.splitlines()[0])
    assert documents(database) == before
    assert scalar(database, "select count(*) from standing.backtests") == 3
    assert scalar(database, "select count(*) from standing.runs where status = 'running'") == 0
    metrics = marketplace.metrics_path.read_text("utf-8")
    lead, auc = said["scores"][0]["name"], said["scores"][0]["auc"]["value"]
    assert lead == "expected_problem_rate"
    assert f'standing_backtest_auc{{score="{lead}"}} {auc}' in metrics
    assert 'standing_last_success_timestamp_seconds{flow="backtest"} ' in metrics
    assert len(said["origins"]) == 12
    counts = said["counts"]
    left_out = counts["unknown"] + counts["called_off"] + counts["excluded"]
    assert counts["placed"] == counts["labelled"] + left_out
    assert sum(one["orders"] for one in said["deciles"]) == counts["labelled"]
    assert sum(one["orders"] for one in said["tiers"]) == counts["labelled"]
    assert [one["grace"] for one in said["flaps"]] == ["in force", "0", "14", "30", "60"]
    assert any("By trust level" in one for one in said["cannot_tell"])
    with database.connect() as connection:
        shown = foretold(connection)
    assert shown is not None
    assert shown.remember == said["remember"]
    assert shown.score == "expected problem rate"
    assert [one.orders for one in shown.tenths] == [one["orders"] for one in said["deciles"]]
    assert [one.auc for one in shown.origins] == [one["auc"]["value"] for one in said["origins"]]
    assert shown.cannot_tell == tuple(said["cannot_tell"])


def test_a_role_that_only_reads_is_served_and_told_that_it_is_not_kept(
    marketplace: Settings, database: Engine, standing: Standing
) -> None:
    kept = scalar(database, "select count(*) from standing.backtests")
    url = f"{marketplace.database_url}&options=-c%20default_transaction_read_only%3Don"
    done = standing.inside(marketplace, "backtest", DATABASE_URL=url)
    assert done.returncode == 0, done.stderr
    assert "origins, " in done.stdout
    assert "not kept for the report: " in done.stderr
    assert scalar(database, "select count(*) from standing.backtests") == kept


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--every", "month"), 2, "--every 'month' is no step"),
        (("--horizon", "0d"), 2, "--horizon '0d' is no number of days"),
        (("--from", "2026-02-01", "--to", "2026-01-01"), 2, "swap them"),
        (("--from", "2026-05-01", "--to", "2026-05-01"), 2, "what follows is known after 120 days"),
        (("--from", "1990-01-01", "--to", "1990-02-01"), 2, "the first order was placed on"),
        (("--from", "1990-01-01", "--to", "2026-02-01", "--every", "1d"), 2, "more than 400 origins"),
        (("--horizon", "900d"), 0, "so nothing can be told yet"),
    ],
)
def test_what_cannot_be_told_is_said(
    marketplace: Settings, standing: Standing, arguments: tuple[str, ...], code: int, says: str
) -> None:
    done = standing.inside(marketplace, "backtest", *arguments)
    assert done.returncode == code
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_run_there_is_nothing_to_read(
    module_database: Callable[[str], Settings], upgraded_template: str, standing: Standing
) -> None:
    done = standing.inside(module_database(upgraded_template), "backtest")
    assert done.returncode == 1
    assert "fix: standing run" in done.stderr


HISTORY = History(
    datetime(2026, 6, 1, tzinfo=UTC),
    "Asia/Bangkok",
    datetime(2025, 8, 20, tzinfo=UTC),
    datetime(2026, 5, 31, 20, tzinfo=UTC),
)


def test_origins_are_the_months_whose_answers_are_in() -> None:
    moments, said = origins(OriginRange(), HISTORY)
    assert [f"{one:%Y-%m-%d %H:%M %Z}" for one in moments] == [
        f"{month}-01 00:00 +07"
        for month in ("2025-09", "2025-10", "2025-11", "2025-12", "2026-01", "2026-02")
    ]
    assert said == []
    wide = OriginRange(datetime(2025, 7, 31, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC))
    moments, said = origins(wide, HISTORY)
    days = ["08-31", "09-30", "10-31", "11-30", "12-31", "01-31"]
    assert [f"{one:%m-%d}" for one in moments] == days
    assert [one.split(",")[0] for one in said] == [
        "Left out: 2025-07-31",
        "Left out: 2026-02-28 to 2026-03-31",
    ]
    with pytest.raises(SettingError, match="no origin can be tested"):
        origins(OriginRange(datetime(2026, 4, 1, tzinfo=UTC)), HISTORY)


def keys(of: Any) -> set[str]:
    """The keys of a dataclass and of all within it."""
    found = set()
    for one in fields(of):
        found.add(one.name)
        kind = get_type_hints(of)[one.name]
        for part in (kind, *get_args(kind)):
            if is_dataclass(part):
                found |= keys(part)
    return found


def test_every_key_of_the_json_is_documented() -> None:
    page = (PROJECT_ROOT / "docs" / "backtest.md").read_text("utf-8")
    assert [key for key in sorted(keys(Backtest)) if f"`{key}`" not in page] == []

"""What Prometheus reads after a run; the alarms and the dashboard that read it, by Prometheus' own tool."""

import json
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
import yaml
from conftest import MakeDatabase, Standing
from sqlalchemy import text
from support.metrics import metrics

from standing.database.connect import connect
from standing.monitor.metrics import write_metrics
from standing.settings import Settings

pytestmark = pytest.mark.usefixtures("no_audits")

SHIPPED = Path(__file__).resolve().parents[2] / "docs" / "monitoring"
RULES = SHIPPED / "standing.rules.yml"


@pytest.fixture
def upgraded(make_database: MakeDatabase, prepared_template: str) -> Settings:
    return make_database(prepared_template)


def test_metrics_follow_a_run_from_the_command_line(upgraded: Settings, standing: Standing) -> None:
    began = time.time()
    standing.told(upgraded, "run")
    found = metrics(upgraded)
    for flow in ("all", "scores", "tiers", "points"):
        assert found["standing_last_success_timestamp_seconds", flow] >= began - 1
    with connect(upgraded) as engine, engine.connect() as connection:
        members = connection.scalar(text("select count(*) from users"))
        bronze = connection.scalar(
            text("select count(*) from users where trust_score ->> 'level' = 'bronze'")
        )
    assert found["standing_documents", "candidates", "trust_score"] == members
    assert found["standing_documents", "changed", "trust_score"] == members
    assert found["standing_documents", "written", "trust_score"] == members
    assert found["standing_distribution", "bronze", "level"] == bronze
    assert found["standing_due_members", "trust_score"] == 0
    assert found["standing_run_seconds", "all"] > 0
    assert found["standing_last_run_success", "all"] == 1
    assert found["standing_stage_seconds", "all", "build"] > 0
    assert ("standing_quarantined_rows_of_all_reasons",) in found
    # What a backtest, a reconciliation, an audit and a row set aside leave; other tests see them.
    names = {name for name, *_ in found} | {
        "standing_backtest_auc",
        "standing_drift_documents",
        "standing_expectations_unmet",
        "standing_quarantined_rows",
    }
    for title, expression in expressions().items():
        assert set(re.findall(r"standing_\w+", expression)) <= names, title
    operations = (SHIPPED.parent / "operations.md").read_text()
    assert {name for name in names if f"`{name}" not in operations} == set()


def test_drift_is_that_of_the_last_reconciliation(upgraded: Settings) -> None:
    book = """insert into standing.runs (selection, as_of, status, finished_at, summary)
        select 'all', now(), 'published', now(),
            jsonb_build_object('reconciliation', cast(:found as jsonb))"""
    with connect(upgraded) as engine, engine.begin() as connection:
        connection.execute(text(book), {"found": '{"counts": {"ratings": {"edited": 2, "gone": 1}}}'})
    write_metrics(upgraded)
    found = metrics(upgraded)
    assert found["standing_drift_documents", "ratings"] == 3
    assert found["standing_drift_documents", "tier_info"] == 0
    assert found["standing_last_success_timestamp_seconds", "reconcile"] > 0


def test_a_stopped_run_is_shown_until_it_is_decided_whoever_waits_for_it(upgraded: Settings) -> None:
    entry = """insert into standing.runs (selection, as_of, status, finished_at, summary) values
        (
            :selection, now(), :status, now(),
            jsonb_build_object('expires_at', now() + cast(:left as interval))
        )"""
    with connect(upgraded) as engine:
        ends = {"tiers": "published", "points": "published", "scores": "stopped", "all": "waiting"}
        for selection, status in ends.items():
            with engine.begin() as connection:
                given = {"selection": selection, "status": status, "left": "1 hour"}
                connection.execute(text(entry), given)
        write_metrics(upgraded)
        found = metrics(upgraded)
        awaits = {name: found["standing_run_awaits_decision", name] for name in ("all", "scores", "tiers")}
        assert awaits == {"all": 1, "scores": 1, "tiers": 0}
        assert found["standing_last_run_success", "scores"] == 0
        assert found["standing_last_run_success", "tiers"] == 1
        assert found["standing_last_run_success", "all"] == 0
        failed = {name: found["standing_last_run_failed", name] for name in ("all", "scores", "tiers")}
        assert failed == {"all": 0, "scores": 0, "tiers": 0}
        with engine.begin() as connection:  # beside the stop, what it does not hold fails
            connection.execute(text(entry), {"selection": "tiers", "status": "failed", "left": "1 hour"})
        write_metrics(upgraded)
        found = metrics(upgraded)
        failed = {name: found["standing_last_run_failed", name] for name in ("all", "scores", "tiers")}
        assert failed == {"all": 1, "scores": 0, "tiers": 1}
        with engine.begin() as connection:
            connection.execute(
                text("update standing.runs set status = 'rejected' where status = 'stopped'")
            )
    write_metrics(upgraded)
    assert metrics(upgraded)["standing_run_awaits_decision", "all"] == 0


def test_metrics_that_cannot_be_written_fail_nothing(
    upgraded: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "taken").write_text("")
    write_metrics(upgraded.model_copy(update={"metrics_file": tmp_path / "taken" / "standing.prom"}))
    assert "metrics are not written" in caplog.text


def test_a_run_counts_for_its_parts_and_the_parts_for_the_whole(upgraded: Settings) -> None:
    entry = """insert into standing.runs (selection, as_of, status, finished_at)
        values (:name, now(), :status, now())"""

    def success(*runs: tuple[str, str]) -> dict[str, float]:
        with connect(upgraded) as engine, engine.begin() as connection:
            connection.execute(text("delete from standing.runs"))
            for name, status in runs:
                connection.execute(text(entry), {"name": name, "status": status})
        write_metrics(upgraded)
        found = metrics(upgraded)
        names = ("all", "scores", "tiers", "points")
        return {name: found[key] for name in names if (key := ("standing_last_run_success", name)) in found}

    well = {"all": 1, "scores": 1, "tiers": 1, "points": 1}
    assert success(("scores", "failed"), ("all", "published")) == well
    assert success(("all", "failed"), ("tiers", "published")) == {
        **well,
        "all": 0,
        "scores": 0,
        "points": 0,
    }
    parts = ("scores", "published"), ("tiers", "approved"), ("points", "published")
    assert success(("all", "failed"), *parts) == well
    assert success(("tiers", "published")) == {"tiers": 1}


def test_members_who_wait_are_counted_where_one_row_stands_for_all(upgraded: Settings) -> None:
    with connect(upgraded) as engine, engine.begin() as connection:
        members = connection.scalar(text("select count(*) from users"))
        shop = connection.scalar(text("select min(id::text)::uuid from seller_profiles"))
        connection.execute(text("delete from standing.due"))
        connection.execute(
            text(
                """insert into standing.due (target, member_id)
                values ('trust_score', null), ('ratings', :shop)"""
            ),
            {"shop": shop},
        )
        connection.execute(
            text("insert into standing.holds (target, member_id, run_id) values ('tier_info', :shop, 1)"),
            {"shop": shop},
        )
    write_metrics(upgraded)
    found = metrics(upgraded)
    due = {
        target: found["standing_due_members", target] for target in ("trust_score", "ratings", "tier_info")
    }
    assert due == {"trust_score": members, "ratings": 1, "tier_info": 0}
    assert found["standing_held_members", "tier_info"] == 1


def test_each_suite_shows_what_its_newest_audit_saw(upgraded: Settings) -> None:
    entry = """insert into standing.runs (selection, as_of, status, finished_at, summary)
        values ('all', now(), 'published', now(), cast(:summary as jsonb))"""
    runs = (
        {"unmet": {"sources": {"critical": 0, "warning": 3}, "candidates": {"critical": 0, "warning": 1}}},
        {
            "unmet": {"sources": {"critical": 2, "warning": 0}},
            "freshness": [{"source": "orders", "latest": "2026-01-02T03:04:05.000Z", "status": "ok"}],
            "policy_version": "abc",
            "points": {
                "outstanding": 900,
                "left_alone": [{"why": "an undo holds them", "members": 3}],
                "ends": [
                    {"at": "2026-01-31T17:00:00.000Z", "points": 40, "members": 2},
                    {"at": None, "points": 860, "members": 9},
                ],
            },
        },
        {"unmet": {}},
    )
    with connect(upgraded) as engine, engine.begin() as connection:
        for summary in runs:
            connection.execute(text(entry), {"summary": json.dumps(summary)})
    write_metrics(upgraded)
    found = metrics(upgraded)
    assert found["standing_expectations_unmet", "critical", "sources"] == 2
    assert found["standing_expectations_unmet", "warning", "sources"] == 0
    assert found["standing_expectations_unmet", "warning", "candidates"] == 1
    assert found["standing_newest_row_timestamp_seconds", "orders"] == 1767323045
    assert [key for key in found if key[0] == "standing_info" and "abc" in key]
    assert found["standing_points_outstanding",] == 900
    assert found["standing_points_left_alone_members", "an undo holds them"] == 3
    assert found["standing_points_next_end_timestamp_seconds",] == 1769878800
    assert found["standing_points_next_end",] == 40


def expressions() -> dict[str, str]:
    """The alarms' and the panels' queries, by title."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    panels = json.loads((SHIPPED / "grafana.json").read_text())["panels"]
    return {
        **{rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]},
        **{panel["title"]: one["expr"] for panel in panels for one in panel["targets"]},
    }


@pytest.mark.skipif(not shutil.which("promtool"), reason="no promtool: Debian's package prometheus has it")
def test_prometheus_takes_the_alarms_and_the_panels_and_each_alarm_rings(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{n}", "expr": one} for n, one in enumerate(expressions().values())]
    (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    for arguments in (
        ("check", "rules", "--lint-fatal", RULES),
        ("check", "rules", tmp_path / "panels.yml"),
        ("test", "rules", Path(__file__).with_name("alarms.yml")),
    ):
        told = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
        assert told.returncode == 0, told.stdout + told.stderr

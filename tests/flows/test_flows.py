"""What flows declare and how a run's end is shown; no server."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import yaml

from standing import PROJECT_ROOT
from standing.database.lock import LockTaken
from standing.errors import AuditFailed, BuildFailed, GateStopped, SettingError, StandingError
from standing.log import JsonLines, logger
from standing.replay.backfill import Backfill
from standing.run.outcome import RunOutcome
from standing.settings import Settings, load_settings


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Prefect makes its home when it is imported: not in the project's folder, nor for other tests."""
    from standing.settings import current

    kept = dict(os.environ)
    os.environ["STANDING_HOME"] = str(tmp_path_factory.mktemp("flows"))
    current.cache_clear()
    yield Path(os.environ["STANDING_HOME"])
    os.environ.clear()
    os.environ.update(kept)
    current.cache_clear()


@pytest.fixture
def defaults(home: Path) -> Settings:
    return load_settings(STANDING_HOME=home)


def shown(deployment: Any) -> dict[str, Any]:
    schedules = []
    for one in deployment.schedules:
        schedule = one.schedule.model_dump(mode="json", exclude_none=True)
        kept = {
            key: schedule[key] for key in ("interval", "anchor_date", "cron", "timezone") if key in schedule
        }
        schedules.append({"slug": one.slug, **kept})
    return {
        "name": deployment.name,
        "entrypoint": deployment.entrypoint,
        "tags": deployment.tags,
        "schedules": schedules,
    }


@pytest.mark.parametrize("wanted", ["refresh", "serve"])
def test_a_wrong_setting_is_refused_in_one_line_before_prefect_starts(wanted: str, tmp_path: Path) -> None:
    environment = {**os.environ, "STANDING_HOME": str(tmp_path / "home"), "STANDING_THREADS": "two"}
    command = [sys.executable, "-m", "flows", wanted]
    ended = subprocess.run(
        command, env=environment, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("error: setting STANDING_THREADS='two'")
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "home").exists()


def test_prefect_yaml_declares_what_is_served(defaults: Settings) -> None:
    from flows.deployments import built

    written = yaml.safe_load((PROJECT_ROOT / "prefect.yaml").read_text())["deployments"]
    assert {one.pop("work_pool")["name"] for one in written} == {"standing"}
    assert written == [shown(one) for one in built(defaults)]


def test_every_deployment_is_a_flow_whose_entrypoint_loads(defaults: Settings) -> None:
    from prefect.flows import load_flow_from_entrypoint

    from flows.deployments import declared

    for one in declared(defaults):
        assert load_flow_from_entrypoint(one.entrypoint).name == one.load().name


def of_the_server(schedule: Any) -> Any:
    """The schedule as Prefect's server reads it, which can be asked for its moments."""
    from prefect.server.schemas import schedules

    return getattr(schedules, type(schedule).__name__)(**schedule.model_dump())


def begins(settings: Settings, first: str, last: str) -> list[list[str]]:
    """When Prefect's own schedules have scores, tiers, points and reconciliation begin, by the business's
    clock.
    """
    from flows.deployments import built

    zone = ZoneInfo(settings.business_time_zone)
    start, end = (datetime.fromisoformat(day).replace(tzinfo=zone) for day in (first, last))
    found = []
    for deployment in built(settings)[:4]:
        moments: set[datetime] = set()
        for one in deployment.schedules or []:
            own = of_the_server(one.schedule)
            weeks = range((end - start).days // 7 + 1)  # it gives a thousand moments at most
            for since in (start + timedelta(days=7 * week) for week in weeks):
                until = min(since + timedelta(days=7), end)
                moments |= {one.astimezone(UTC) for one in asyncio.run(own.get_dates(1000, since, until))}
        begun = [moment.astimezone(zone) for moment in sorted(moments) if moment < end]
        found.append([f"{moment:%m-%d %H:%M}" for moment in begun])
    return found


DAYS = [f"{datetime(2026, 1, 1) + timedelta(days=day):%m-%d}" for day in range(365)]


@pytest.mark.parametrize(
    "zone", ["America/New_York", "Europe/Madrid", "Australia/Lord_Howe", "Asia/Bangkok"]
)
def test_midnight_and_half_past_three_stay_so_through_a_year(home: Path, zone: str) -> None:
    settings = load_settings(STANDING_HOME=home, BUSINESS_TIME_ZONE=zone)
    scores, tiers, points, reconciliation = begins(settings, "2026-01-01", "2027-01-01")
    assert points == scores
    assert tiers == [f"{day} 00:00" for day in DAYS]
    assert reconciliation == [f"{day} 03:30" for day in DAYS]
    assert len(scores) == 365 * 24
    every_hour = {f"{day} {hour:02}:00" for day in DAYS for hour in range(24)}
    jumped = {
        "America/New_York": {"03-08 02:00"},
        "Europe/Madrid": {"03-29 02:00"},
        "Australia/Lord_Howe": {"10-04 02:00"},  # by half an hour: to 02:30
    }.get(zone, set())
    assert every_hour - set(scores) == jumped
    assert set(scores) - every_hour == ({"10-04 01:30"} if zone == "Australia/Lord_Howe" else set())


@pytest.mark.parametrize(
    ("minutes", "days"),
    [(360, 1), (90, 1), (16, 1), (20, 1), (2 * 1440, 2), (7 * 1440, 7)],
)
def test_intervals_that_divide_a_day_or_are_days_keep_to_the_clock(
    home: Path, minutes: int, days: int
) -> None:
    settings = load_settings(
        STANDING_HOME=home,
        BUSINESS_TIME_ZONE="America/New_York",
        SELLER_TIER_UPDATE_INTERVAL=minutes * 60_000,
    )
    _, tiers, _, _ = begins(settings, "2026-10-31", "2026-11-14")
    first = datetime(2025, 1, 1)
    wanted = (first + timedelta(minutes=number * minutes) for number in range(700 * 1440 // minutes))
    wanted = [f"{moment:%m-%d %H:%M}" for moment in wanted if "2026-10-31" <= f"{moment:%F}" < "2026-11-14"]
    assert sorted(set(tiers)) == wanted
    assert len(tiers) - len(wanted) == (3 if minutes == 20 else 0)  # what divides an hour comes in both


def test_an_hour_that_the_clock_jumps_over_or_shows_twice_has_one_run(home: Path) -> None:
    def reconciled(zone: str, at: str, first: str, last: str) -> list[str]:
        settings = load_settings(STANDING_HOME=home, BUSINESS_TIME_ZONE=zone, STANDING_RECONCILE_AT=at)
        return begins(settings, first, last)[3]

    march = reconciled("America/New_York", "02:30", "2026-03-07", "2026-03-10")
    assert march == ["03-07 02:30", "03-08 01:30", "03-09 02:30"]
    november = reconciled("America/New_York", "01:30", "2026-10-31", "2026-11-03")
    assert november == ["10-31 01:30", "11-01 01:30", "11-02 01:30"]
    midnight = reconciled("America/Santiago", "00:00", "2026-09-05", "2026-09-08")
    assert midnight == ["09-05 00:00", "09-05 23:00", "09-07 00:00"]


def test_an_interval_that_divides_no_day_goes_on_over_midnight(home: Path) -> None:
    settings = load_settings(
        STANDING_HOME=home,
        BUSINESS_TIME_ZONE="Asia/Kolkata",
        TRUST_SCORE_CALCULATION_INTERVAL=7 * 3_600_000,
    )
    scores, _, points, _ = begins(settings, "2026-01-01", "2026-01-02")
    assert scores == ["01-01 04:00", "01-01 11:00", "01-01 18:00"]
    assert points == ["01-01 00:00", *scores]


@pytest.mark.parametrize(
    ("status", "error", "kind", "name"),
    [
        ("published", None, "COMPLETED", "Completed"),
        ("replayed", None, "COMPLETED", "Replayed"),
        ("skipped", StandingError("another run is at work"), "COMPLETED", "Skipped"),
        ("waiting", None, "COMPLETED", "Waiting"),
        ("stopped", None, "CANCELLED", "Stopped by the gate"),
        ("failed", AuditFailed("too many", "look"), "FAILED", "Failed"),
    ],
)
def test_a_flow_ends_in_a_state_of_the_runs_own_word(
    status: str, error: StandingError | None, kind: str, name: str
) -> None:
    from flows.stages import as_state

    state = as_state(RunOutcome(7, status, "so it is", error=error))
    assert (state.type.value, state.name) == (kind, name)


@pytest.mark.parametrize(
    ("flow", "outcome", "code"),
    [
        ("refresh", RunOutcome(7, "published", ""), 0),
        ("refresh", RunOutcome(7, "skipped", "", error=LockTaken("another run is at work")), 0),
        ("refresh", RunOutcome(7, "waiting", ""), 0),
        ("refresh", RunOutcome(7, "failed", "", error=BuildFailed("no such column")), 1),
        ("refresh", RunOutcome(7, "failed", "", error=AuditFailed("too many")), 3),
        ("refresh", RunOutcome(7, "stopped", "", error=GateStopped("too many moved")), 6),
        ("reconcile", RunOutcome(7, "published", ""), 0),
        ("reconcile", RunOutcome(7, "skipped", "", error=LockTaken("another run is at work")), 5),
        ("reconcile", RunOutcome(7, "waiting", ""), 6),
    ],
)
def test_a_flow_by_hand_exits_as_the_command_does(flow: str, outcome: RunOutcome, code: int) -> None:
    from flows.__main__ import _code
    from flows.stages import as_state

    assert _code(flow, as_state(outcome)) == code


def test_a_stopped_run_says_how_to_decide() -> None:
    from flows.stages import as_state

    assert "run_id 7" in str(as_state(RunOutcome(7, "stopped", "too many moved")).message)


@pytest.mark.parametrize("served", [True, False])
@pytest.mark.parametrize("status", ["stopped", "failed"])
def test_a_message_says_where_the_report_is(
    status: str, served: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.artifacts import PAGES
    from flows.stages import as_state

    page = tmp_path / "reports" / "run-000007" / "report.html"
    monkeypatch.setenv(PAGES, "http://127.0.0.1:4300") if served else monkeypatch.delenv(
        PAGES, raising=False
    )
    outcome = RunOutcome(7, status, "so it is", report=page, error=StandingError("so it is"))
    told = str(as_state(outcome).message).splitlines()
    on_pages = ["  report: http://127.0.0.1:4300/reports/run-000007/report.html"] if served else []
    assert [line for line in told if "report:" in line] == [*on_pages, f"  report: {page}"]


@pytest.mark.parametrize("address", [None, "http://127.0.0.1:4200"])
def test_the_webhooks_message_ends_with_a_link_or_with_the_reason(address: str | None) -> None:
    from prefect.server.events.jinja_filters import all_filters
    from prefect.server.schemas.core import FlowRun
    from prefect.server.schemas.states import Failed
    from prefect.server.utilities.user_templates import (
        register_user_template_filters,
        render_user_template_sync,
    )
    from prefect.settings import PREFECT_API_URL, PREFECT_UI_URL, temporary_settings

    from flows.alerts import BODY

    register_user_template_filters(all_filters)
    run = FlowRun(id=uuid4(), flow_id=uuid4(), name="refresh", state=Failed(message="so it is"))
    with temporary_settings({PREFECT_UI_URL: address, PREFECT_API_URL: None}):
        told = render_user_template_sync(BODY, {"deployment": {"name": "refresh"}, "flow_run": run})
    link = [] if address is None else [f"{address}/runs/flow-run/{run.id}"]
    assert told.splitlines() == ["refresh: refresh is Failed.", "so it is", *link]


def test_json_lines_carry_run_and_stage(caplog: pytest.LogCaptureFixture) -> None:
    import json

    with caplog.at_level("INFO", "standing"):
        logger(3, "build").info("half", extra={"done": 1, "total": 2})
    line = json.loads(JsonLines().format(caplog.records[0]))
    assert line["message"] == "run 3, build: half"
    assert (line["run_id"], line["stage"], line["done"], line["total"]) == (3, "build", 1, 2)
    assert line["time"].endswith("Z")


def test_backfill_moments_keep_the_hour_of_the_business() -> None:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("Europe/Berlin")
    asked = Backfill.asked(datetime(2026, 3, 28, tzinfo=zone), datetime(2026, 3, 30, tzinfo=zone), "1d")
    assert [moment.isoformat() for moment in asked.moments("Europe/Berlin")] == [
        "2026-03-28T00:00:00+01:00",
        "2026-03-29T00:00:00+01:00",
        "2026-03-30T00:00:00+02:00",
    ]
    asked = Backfill.asked(datetime(2026, 1, 31, tzinfo=zone), datetime(2026, 5, 1, tzinfo=zone), "1M")
    assert [moment.isoformat() for moment in asked.moments("Europe/Berlin")] == [
        "2026-01-31T00:00:00+01:00",
        "2026-02-28T00:00:00+01:00",
        "2026-03-31T00:00:00+02:00",
        "2026-04-30T00:00:00+02:00",
    ]


@pytest.mark.parametrize(
    ("first", "last", "every"),
    [("01", "02", "1m"), ("01", "02", "0d"), ("02", "01", "1d"), ("01", "02", "")],
)
def test_a_backfill_that_makes_no_sense_is_refused(first: str, last: str, every: str) -> None:
    from datetime import datetime

    moments = [datetime.fromisoformat(f"2026-01-{day}T00:00:00+07:00") for day in (first, last)]
    with pytest.raises(SettingError):
        Backfill.asked(moments[0], moments[1], every)

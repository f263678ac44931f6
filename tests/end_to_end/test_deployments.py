"""Deployments served to a real Prefect server: what fires, what waits, what is shown, what survives."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import psutil
import pytest
import yaml
from conftest import Standing
from sqlalchemy import Engine, create_engine, text
from support.house import House, free_port, listening
from support.waiting import until

from standing import PROJECT_ROOT
from standing.database.embedded import Server
from standing.services.schedule import look
from standing.settings import Settings, load_settings
from standing.state.runs import KILLED

pytestmark = pytest.mark.timeout(1500)

HOURLY = {"TRUST_SCORE_CALCULATION_INTERVAL": "3600000", "SELLER_TIER_UPDATE_INTERVAL": "86400000"}
#: Both flows at once, as both are due at midnight; rarer than a run takes on a busy machine.
TOGETHER = {
    "STANDING_LOCK_WAIT_MINUTES": "30",
    "TRUST_SCORE_CALCULATION_INTERVAL": "120000",
    "SELLER_TIER_UPDATE_INTERVAL": "120000",
}
#: Scores as soon as it is served.
SOON = {"STANDING_LOCK_WAIT_MINUTES": "30", "TRUST_SCORE_CALCULATION_INTERVAL": "60000"}
#: Scores more often than a process starts.
HURRIED = {**TOGETHER, "TRUST_SCORE_CALCULATION_INTERVAL": "4000"}
SCORES, TIERS = "refresh-scores/scheduled", "update-seller-tiers/scheduled"


@pytest.fixture(scope="module")
def settings(
    postgres: Server,
    administer: Callable[[str], None],
    published_template: str,
    parsed: Callable[[Path, str], None],
    give_prefect: Callable[[Path], None],
) -> Iterator[Settings]:
    home = Path(tempfile.mkdtemp(prefix="standing-test-"))
    home.chmod(0o755)
    name = "workshop"  # where templates are made: dbt has parsed its project for that name
    administer(f"create database {name} template {published_template}")
    parsed(home, name)
    give_prefect(home)
    yield load_settings(STANDING_HOME=home, DATABASE_URL=postgres.url(name))
    administer(f"drop database {name} with (force)")
    shutil.rmtree(home)


#: Of a shell that is set up for other projects, and for a proxy that leads nowhere: nothing of it counts.
SHELL = {
    **dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9"),
    "ALL_PROXY": "socks5://127.0.0.1:9",
    "DBT_TARGET": "prod",
    "DBT_PROFILE": "other",
    "DBT_VARS": "{wrong",
    "PREFECT_PROFILE": "other",
    "PREFECT_HOME": "/nowhere",
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_API_AUTH_STRING": "somebody:else",
    "PREFECT_SERVER_DATABASE_CONNECTION_URL": "postgresql+asyncpg://nowhere/prefect",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "true",
    "GX_CLOUD_ACCESS_TOKEN": "a token",
    "PSYCOPG_IMPL": "c",
}


@pytest.fixture(scope="module")
def database(settings: Settings) -> Iterator[Engine]:
    engine = create_engine(settings.database_url or "", isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def messages() -> Iterator[tuple[str, list[dict[str, str]]]]:
    with listening() as hook:
        yield hook


@pytest.fixture(scope="module")
def stopped(
    settings: Settings, standing: Standing, messages: tuple[str, list[dict[str, str]]]
) -> Iterator[House]:
    """A house where nothing has been started yet; at its end nothing is left at work."""
    ports = {"STANDING_PREFECT_PORT": str(free_port()), "STANDING_PAGES_PORT": str(free_port())}
    # Half a day from now: nothing is to be reconciled beside these tests, whatever the hour.
    half_a_day_on = datetime.now(ZoneInfo("Asia/Bangkok")) + timedelta(hours=12)
    never = {"STANDING_RECONCILE_AT": f"{half_a_day_on:%H:%M}"}
    hook = {"STANDING_WEBHOOK_URL": messages[0]}
    house = House(settings, standing, {**ports, **never, **hook, **HOURLY, **SHELL})
    try:
        yield house
    finally:
        house.down()
        assert not left_behind(settings)


@pytest.fixture(scope="module")
def house(stopped: House) -> House:
    note = stopped.settings.home / "prefect" / "deployments.json"
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text('{"pid": 1, "pages": "http://127.0.0.1:9"}')  # stale, and does no harm
    stopped.up(STANDING_LOCK_WAIT_MINUTES="0")
    return stopped


def left_behind(settings: Settings) -> list[str]:
    """Processes that work for this home."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("STANDING_HOME") == str(settings.home):
                found.append(" ".join(process.cmdline()))
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def one(engine: Engine, statement: str, **parameters: object) -> object:
    with engine.connect() as connection:
        return connection.scalar(text(statement), parameters)


def change(engine: Engine, statement: str) -> None:
    with engine.connect() as connection:
        connection.execute(text(statement))


def set_scores_wrong(engine: Engine) -> None:
    """Somebody's score is not what the rows say, and the member is due: the next run puts it right."""
    change(
        engine,
        "update users set trust_score = jsonb_set(trust_score, '{overall_score}', '1.5')"
        " where id = (select buyer_id from orders where status = 'completed' order by id limit 1)",
    )
    change(
        engine,
        "update orders set status = status where buyer_id ="
        " (select buyer_id from orders where status = 'completed' order by id limit 1)",
    )


def wrong_scores(engine: Engine) -> object:
    return one(engine, "select count(*) from users where trust_score ->> 'overall_score' = '1.5'")


def test_a_taken_port_is_named_and_nothing_is_started(stopped: House) -> None:
    with listening() as (address, _):
        port = address.split(":")[2].split("/")[0]
        variables = {**stopped.variables, "STANDING_PREFECT_PORT": port}
        refused = stopped.standing(stopped.settings, "up", "--prefect", **variables)
    assert refused.returncode == 2
    assert f"STANDING_PREFECT_PORT={port}" in refused.stderr
    assert not left_behind(stopped.settings)


def test_up_is_safe_to_repeat_and_serves_every_deployment(house: House) -> None:
    again = house.up()
    assert "started" not in again
    assert house.api.removesuffix("/api") in again
    assert house.pages in again
    assert httpx.get(f"{house.pages}/health").json()["ready"] == "OK"
    ours = yaml.safe_load((PROJECT_ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]
    served = [one["name"] for one in house.ask("deployments/filter")]
    assert sorted(served) == sorted(one["name"] for one in ours)
    schedule = house.deployment(TIERS)["schedules"][0]["schedule"]
    assert schedule["cron"] == "0 0 * * *"
    assert schedule["timezone"] == "Asia/Bangkok"


def test_the_scheduler_makes_runs_ahead_at_midnight_of_the_business(house: House) -> None:
    runs = until(lambda: house.scheduled_runs(TIERS), "a run made ahead")
    assert all(run["expected_start_time"].endswith("17:00:00Z") for run in runs)


@pytest.fixture(scope="module")
def overlapping(house: House, database: Engine) -> dict[str, dict[str, Any]]:
    """Two runs asked for at once that may not wait for each other, by the name of their end.

    From here on nothing comes on schedule: a run that is due on the hour would be one too many.
    """
    for name in (SCORES, TIERS):
        house.set_paused(name)
    begun = {"state": {"type": {"any_": ["PENDING", "RUNNING"]}}}
    until(lambda: not house.ask("flow_runs/filter", flow_runs=begun), "the end of what was due just now")
    asked = [house.run("refresh/on-demand", full=True) for _ in range(2)]
    ended = [house.ended(identity) for identity in asked]
    return {run["state"]["name"]: run for run in ended}


def test_of_two_overlapping_runs_that_may_not_wait_one_ends_as_skipped(
    overlapping: dict[str, dict[str, Any]], database: Engine
) -> None:
    assert sorted(overlapping) == ["Completed", "Skipped"]
    assert "another run is at work" in overlapping["Skipped"]["state"]["message"]
    # The first run is the template's.
    published = "select count(*) from standing.runs where status = 'published' and selection = 'all'"
    assert one(database, published) == 2


def test_a_run_shows_summary_models_quality_and_progress_and_its_log_names_run_and_stage(
    house: House, database: Engine, overlapping: dict[str, dict[str, Any]]
) -> None:
    identity = overlapping["Completed"]["id"]
    artifacts = house.artifacts(identity)
    assert set(artifacts) == {"standing-run", "standing-models", "standing-quality", "standing-progress"}
    assert artifacts["standing-progress"] == 100
    link = artifacts["standing-run"].split("(")[1].split(")")[0]
    assert "Data quality report" in artifacts["standing-run"]
    assert link.startswith(house.pages)
    assert httpx.get(link).status_code == 200
    number = one(database, "select max(run_id) from standing.runs where status = 'published'")
    lines = until(
        lambda: [line for line in house.logs(identity) if f"run {number}, build" in line], "log lines"
    )
    assert lines
    emails = str(one(database, "select string_agg(email, ' ') from users")).split()
    said = "\n".join(house.logs(identity))
    assert not [email for email in emails if email in said]


def test_the_pages_show_nothing_of_the_home_but_reports_and_metrics(house: House) -> None:
    assert "standing_last_success_timestamp_seconds" in httpx.get(f"{house.pages}/metrics").text
    for path in (
        "prefect/prefect.db",
        "reports/../prefect/prefect.db",
        "%2e%2e/etc/passwd",
        "dbt/logs/dbt.log",
    ):
        assert httpx.get(f"{house.pages}/{path}").status_code == 404
    assert httpx.get(f"{house.pages}/metrics", headers={"Host": "example.org"}).status_code == 403


def test_a_server_of_work_pools_is_given_the_same_automations_by_a_command(house: House) -> None:
    made = {one["name"]: one for one in house.ask("automations/filter")}
    for one in made.values():
        httpx.delete(f"{house.api}/automations/{one['id']}").raise_for_status()
    variables = {"PREFECT_API_URL": house.api, "STANDING_HOME": str(house.settings.home), **house.variables}
    command = [sys.executable, "-m", "flows", "automations"]
    told = subprocess.run(
        command, env=os.environ | variables, capture_output=True, text=True, check=False, cwd=PROJECT_ROOT
    )
    assert told.returncode == 0, told.stderr
    again = {one["name"]: one for one in house.ask("automations/filter")}
    assert set(told.stdout.splitlines()) == again.keys() == made.keys()
    assert all(again[name]["trigger"]["expect"] for name in again)


def test_a_failed_audit_fails_the_run_with_its_reason_and_the_webhook_hears_of_it(
    house: House, database: Engine, messages: tuple[str, list[dict[str, str]]]
) -> None:
    change(database, "create table kept as select id, total_amount from orders")
    change(database, "update orders set total_amount = -1")
    try:
        identity = house.run("refresh/on-demand")
        ended = house.ended(identity)
    finally:
        change(
            database,
            "update orders as o set total_amount = k.total_amount from kept as k where k.id = o.id",
        )
        change(database, "drop table kept")
    assert ended["state"]["type"] == "FAILED"
    assert "audit" in ended["state"]["message"]
    assert "fix: " in ended["state"]["message"]
    assert not [line for line in house.logs(identity) if "Traceback" in line]
    heard = until(lambda: [one for one in messages[1] if "Failed" in one["title"]], "a message")
    assert ended["state"]["message"].splitlines()[0] in heard[0]["text"]


def test_a_gate_stop_ends_the_run_by_its_name_and_is_approved_from_the_prefect_page(
    house: House, database: Engine, messages: tuple[str, list[dict[str, str]]]
) -> None:
    wrong = """update users set trust_score = trust_score || '{"overall_score": 1.5, "level": "bronze"}'"""
    change(database, wrong)
    stopped = house.ended(house.run("refresh/on-demand", full=True))
    assert (stopped["state"]["type"], stopped["state"]["name"]) == ("CANCELLED", "Stopped by the gate")
    number = one(database, "select run_id from standing.runs where status = 'stopped'")
    assert f"standing approve {number}" in stopped["state"]["message"]
    assert (
        one(
            database,
            "select count(*) from pg_locks where locktype = 'advisory' and database ="
            " (select oid from pg_database where datname = current_database())",
        )
        == 0
    )
    until(lambda: [heard for heard in messages[1] if "Stopped by the gate" in heard["title"]], "a message")
    told = next(heard["text"] for heard in messages[1] if "Stopped by the gate" in heard["title"])
    assert re.search(r"members would .*: \S+%, limit \S+% \(trust score\)", told)
    assert f"standing approve {number}\n" in told
    page = f"/reports/run-{number:06}/report.html"
    assert re.search(rf"report: http://127.0.0.1:\d+{page}", told)
    assert str(house.settings.home / page.strip("/")) in told

    others = house.ended(house.run("refresh/on-demand"))
    assert others["state"]["name"] == "Completed"
    assert (
        f"trust_score left as it is until run {number} is approved or rejected"
        in (others["state"]["message"])
    )
    # What status says of it: where pages are, and when the next runs are.
    served = look(house.settings)
    assert served.pages == house.pages
    assert served.next_runs is not None
    assert served.next_runs["reconcile"] > datetime.now(UTC)
    expected = {"refresh_scores", "update_seller_tiers", "expire_points", "reconcile", "backtest"}
    assert served.next_runs.keys() <= expected

    approved = house.ended(house.run("approve/on-demand", run_id=number))
    assert approved["state"]["name"] == "Completed", approved["state"]
    assert wrong_scores(database) == 0
    # A failed run and a stopped one have ended by now, their processes too: neither left a traceback.
    assert "Traceback" not in (house.settings.home / "prefect" / "deployments.log").read_text()


def test_a_run_on_schedule_puts_right_what_is_due(house: House, database: Engine) -> None:
    set_scores_wrong(database)
    house.set_paused(SCORES, False)
    house.up(**SOON)  # serves anew
    until(lambda: wrong_scores(database) == 0, "the score put right")
    house.set_paused(SCORES)


@pytest.mark.prove
def test_a_reconciliation_is_made_on_demand(house: House) -> None:
    compared = house.ended(house.run("reconcile/daily"))
    assert compared["state"]["name"] == "Completed", compared["state"]
    assert "0 documents differ" in compared["state"]["message"]


def done_of(house: House, name: str) -> set[str]:
    return {run["id"] for run in house.scheduled_runs(name) if run["state"]["type"] == "COMPLETED"}


@pytest.fixture(scope="module")
def hurried(house: House, database: Engine) -> Iterator[str]:
    """Pause tiers, make scores due every few seconds, and hold the run at work; gives its flow run's id."""
    set_scores_wrong(database)
    last = one(database, "select max(run_id) from standing.runs")
    house.set_paused(TIERS)
    house.set_paused(SCORES, False)
    house.up(**HURRIED)  # serves anew
    until(lambda: one(database, f"{RUNNING} and run_id > :last", last=last), "a run at work")
    at_work = house.process("deployments").children(recursive=True)
    for process in at_work:
        process.suspend()
    begun = until(
        lambda: [run for run in house.scheduled_runs(SCORES) if run["state"]["type"] == "RUNNING"],
        "a flow run at work",
    )
    yield begun[0]["id"]
    for process in at_work:
        if process.is_running():
            process.kill()


RUNNING = "select run_id from standing.runs where status = 'running'"


@pytest.mark.prove
def test_runs_that_come_faster_than_they_are_done_end_as_skipped_but_for_the_newest(
    house: House, hurried: str
) -> None:
    def skipped() -> list[dict[str, Any]]:
        return [run for run in house.scheduled_runs(SCORES) if run["state"]["name"] == "Skipped"]

    def unbegun() -> list[dict[str, Any]]:
        return [run for run in skipped() if run["run_count"] == 0]  # no process was started for it

    until(lambda: len(unbegun()) >= 3, "three runs that were overtaken")
    assert {"a later run of the same schedule is due, too"} == {
        run["state"]["message"] for run in unbegun()
    }
    newest = max(run["expected_start_time"] for run in skipped())
    # None that is older than the newest of those waits still.
    assert not [
        run
        for run in house.scheduled_runs(SCORES)
        if run["state"]["type"] == "SCHEDULED" and run["expected_start_time"] < newest
    ]


@pytest.mark.prove
def test_the_next_scheduled_run_finishes_the_work_of_a_killed_one_and_a_paused_deployment_stays_paused(
    house: House, database: Engine, hurried: str
) -> None:
    killed = one(database, f"{RUNNING} order by run_id desc limit 1")
    before = done_of(house, TIERS)
    serving = house.process("deployments")
    for process in [*serving.children(recursive=True), serving]:
        process.kill()
    serving.wait(600)
    assert wrong_scores(database) == 1  # the killed run had not come to writing
    assert "started: deployments" in house.up(**TOGETHER)
    until(lambda: wrong_scores(database) == 0, "the score put right")
    said = one(database, "select message from standing.runs where run_id = :killed", killed=killed)
    assert said == KILLED
    assert house.deployment(TIERS)["paused"]
    assert done_of(house, TIERS) == before


@pytest.fixture(scope="module")
def restarted(house: House, database: Engine, hurried: str) -> datetime:
    """When the server was back; then both flows are on schedule again, and a score is wrong."""
    server = house.process("prefect-server")
    server.kill()
    server.wait(600)
    assert "started: prefect-server" in house.up()
    moment = datetime.now(UTC)
    set_scores_wrong(database)
    assert wrong_scores(database) == 1
    house.set_paused(TIERS, False)
    return moment


@pytest.fixture(scope="module")
def waiting(house: House, restarted: datetime) -> dict[str, str]:
    """A report and a past moment that are asked for while the schedule comes nearer."""
    return {
        "report": house.run("quality-report/on-demand", selection="tiers"),
        "backfill": house.run("backfill/on-demand", first=DAY, last=DAY),
    }


DAY = "2026-05-01T00:00:00"


@pytest.mark.prove
def test_a_restarted_server_goes_on_with_the_schedules_and_flows_due_at_once_all_get_done(
    house: House, database: Engine, restarted: datetime, waiting: dict[str, str]
) -> None:
    def both() -> bool:
        done = [
            {
                run["expected_start_time"]
                for run in house.scheduled_runs(name)
                if run["state"]["name"] == "Completed"
            }
            for name in (SCORES, TIERS)
        ]
        return any(moment(expected) > restarted for expected in done[0] & done[1])

    until(both, "two flows of one moment after the restart, both completed")
    until(lambda: wrong_scores(database) == 0, "the score put right")


@pytest.mark.prove
def test_reports_and_past_moments_are_made_on_demand_beside_the_schedule(
    house: House, database: Engine, waiting: dict[str, str]
) -> None:
    report, filled = house.ended(waiting["report"]), house.ended(waiting["backfill"])
    assert report["state"]["name"] == "Replayed", report["state"]
    assert filled["state"]["name"] == "Completed", filled["state"]
    moments = "select as_of at time zone 'Asia/Bangkok' from standing.past_documents group by 1"
    assert str(one(database, moments)) == DAY.replace("T", " ")


@pytest.mark.prove
def test_a_run_whose_heart_stopped_is_shown_as_crashed_and_no_other_is_taken_for_dead(
    house: House, hurried: str, messages: tuple[str, list[dict[str, str]]]
) -> None:
    for name in (SCORES, TIERS):  # nothing new to see
        house.set_paused(name)
    dead = house.ended(hurried)
    assert dead["state"]["type"] == "CRASHED"
    assert "its heartbeat stopped" in dead["state"]["message"]
    until(lambda: [heard for heard in messages[1] if dead["name"] in heard["text"]], "a message")
    # Whatever was killed is dead; nothing that began since then was taken for it.
    served_since = datetime.fromtimestamp(house.process("deployments").create_time(), UTC)
    crashed = house.ask("flow_runs/filter", flow_runs={"state": {"type": {"any_": ["CRASHED"]}}})
    assert [run for run in crashed if moment(run["start_time"]) > served_since] == []
    # Nor is any that ran left behind.
    at_work = {"type": {"any_": ["RUNNING"]}}
    until(
        lambda: (
            not [
                run
                for run in house.ask("flow_runs/filter", flow_runs={"state": at_work})
                if moment(run["state"]["timestamp"]) < served_since
            ]
        ),
        "the end of every run that was killed",
    )
    # Serving anew leaves the automations as they are, for a renewed one forgets whose heart it has heard.
    assert not events(house, "prefect.automation.updated")


def moment(said: str) -> datetime:
    return datetime.fromisoformat(said)


def events(house: House, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = house.ask("events/filter", filter={"event": {"name": [name]}})["events"]
    return found


def test_the_server_refused_no_transaction_all_the_while(house: House) -> None:
    said = (house.settings.home / "prefect" / "prefect-server.log").read_text()
    assert "database is locked" not in said
    assert "Message failed after" not in said

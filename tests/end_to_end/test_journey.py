"""The whole way of a marketplace: legacy, upgraded, scored, reported, taken back; on each server here."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from conftest import FAST, SIMULATED, UNTIL, MakeDatabase, Standing
from sqlalchemy import Engine, create_engine, text
from support.clock import set_clock
from support.roles import runner_of

from standing.database.embedded import Server
from standing.run.stages import STAGES
from standing.settings import Settings, load_settings

INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
SERVERS = [
    pytest.param(None, id="embedded"),
    pytest.param(
        INSTALLED[0].parents[1] if INSTALLED else None,
        id=f"installed-{INSTALLED[0].parents[1].name}" if INSTALLED else "installed",
        marks=[
            pytest.mark.skipif(not INSTALLED, reason="no second PostgreSQL under /usr/lib/postgresql"),
            pytest.mark.prove,
        ],
    ),
]


@pytest.fixture(scope="module", params=SERVERS)
def settings(request: pytest.FixtureRequest) -> Iterator[Settings]:
    """A running server of its own and a home of its own."""
    home = Path(tempfile.mkdtemp(prefix="standing-test-"))
    home.chmod(0o755)
    server = Server(home, extra=FAST, installation=request.param)
    try:
        server.start()
        yield load_settings(STANDING_HOME=home, DATABASE_URL=server.url())
    finally:
        server.remove()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def database(settings: Settings) -> Iterator[Engine]:
    engine = create_engine(settings.database_url or "")
    yield engine
    engine.dispose()


def one(engine: Engine, statement: str) -> object:
    with engine.connect() as connection:
        return connection.scalar(text(statement))


LEGACY = """
    select md5(string_agg(t::text, '' order by t.id)) from (
        select id, created_at, email, email_verified from users
    ) as t
"""


@pytest.mark.database
def test_a_legacy_marketplace_is_scored_reported_and_taken_back(
    settings: Settings, database: Engine, standing: Standing
) -> None:
    standing.told(settings, *SIMULATED, "--until", UNTIL)
    legacy = one(database, LEGACY)
    tables = one(database, "select count(*) from pg_tables where schemaname = 'public'")

    standing.ok(settings, "migrate")
    again = standing.told(settings, "migrate")
    assert "nothing to do" in again
    assert one(database, "select count(*) from points_transactions") == 300

    first = json.loads(standing.ok(settings, "run", "--json"))
    assert first["status"] == "published"
    assert first["written"]["trust_score"] == 300
    report = Path(standing.told(settings, "report").strip())
    assert report.is_file()
    assert report.with_suffix(".json").is_file()
    status = json.loads(standing.told(settings, "status", "--json"))
    assert sum(step["members"] for step in status["documents"][0]["steps"]) == 300

    standing.told(settings, "rollback", "--yes")
    assert one(database, LEGACY) == legacy
    assert one(database, "select count(*) from pg_tables where schemaname = 'public'") == tables
    assert (
        one(database, "select count(*) from pg_namespace where nspname in ('standing', 'standing_build')")
        == 0
    )


def test_of_a_published_marketplace_the_next_run_writes_nothing_and_why_explains(
    make_database: MakeDatabase,
    published_template: str,
    standing: Standing,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = make_database(published_template)
    database = create_engine(settings.database_url or "")
    # The clock stands where the first run was made: no event of the history leaves a window between the
    # two.
    moment = one(database, "select max(as_of) from standing.runs")
    assert isinstance(moment, datetime)
    set_clock(monkeypatch, lambda: moment)
    second = json.loads(standing.told(settings, "run", "--json"))
    assert sum(second["written"].values()) == 0
    member = one(
        database,
        "select id::text from users order by (trust_score ->> 'overall_score')::numeric desc limit 1",
    )
    score = one(database, f"select trust_score ->> 'overall_score' from users where id = '{member}'")
    assert str(score) in standing.told(settings, "why", "user", str(member))
    seller = one(
        database,
        "select id::text from seller_profiles where tier_info ->> 'current_tier' != 'starter'"
        " order by id limit 1",
    )
    assert "tier" in standing.told(settings, "why", "seller", str(seller))
    database.dispose()


def by_hand(settings: Settings, flow: str) -> subprocess.CompletedProcess[str]:
    variables = {
        **os.environ,
        "STANDING_HOME": str(settings.home),
        "DATABASE_URL": settings.database_url or "",
    }
    return subprocess.run(
        [sys.executable, "-m", "flows", flow], env=variables, capture_output=True, text=True, check=False
    )


def test_the_flow_runs_the_same_core_and_shows_stages_as_tasks_and_the_outcome_as_an_artifact(
    make_database: MakeDatabase,
    published_template: str,
    give_prefect: Callable[[Path], None],
    standing: Standing,
) -> None:
    settings = make_database(published_template)
    give_prefect(settings.home)
    runner = runner_of(settings, standing)  # a flow needs no more rights than a run
    database = create_engine(settings.database_url or "")
    with database.begin() as connection:
        connection.execute(
            text(
                "update users set email_verified = false where id in (select id from users"
                " where email_verified order by id limit 3)"
            )
        )
    done = by_hand(runner, "refresh")
    assert done.returncode == 0, done.stdout + done.stderr
    assert one(database, "select status from standing.runs order by run_id desc limit 1") == "published"
    database.dispose()
    with sqlite3.connect(settings.home / "prefect" / "prefect.db") as prefect:
        tasks = [row[0] for row in prefect.execute("select name from task_run order by start_time")]
        artifacts = prefect.execute("select key, type, data from artifact").fetchall()
    prefect.close()
    assert tasks[:2] == ["reach the database", "find the due"]
    assert sorted(tasks[1:]) == sorted(stage.name for stage in STAGES)
    shown = {key: (kind, data) for key, kind, data in artifacts}
    assert {key: kind for key, (kind, _) in shown.items()} == {
        "standing-progress": "progress",
        "standing-run": "markdown",
        "standing-models": "table",
        "standing-quality": "table",
    }
    assert "trust_score" in shown["standing-run"][1]


@pytest.mark.prove
def test_a_flow_by_hand_that_an_audit_or_the_gate_stops_exits_as_a_run_does(
    make_database: MakeDatabase, published_template: str, give_prefect: Callable[[Path], None]
) -> None:
    settings = make_database(published_template)
    give_prefect(settings.home)
    database = create_engine(settings.database_url or "")
    for change, name, code in (
        (
            "alter table orders add column asked numeric; update orders set asked = total_amount;"
            " update orders set total_amount = -1",
            "Failed",
            3,
        ),
        (
            "update orders set total_amount = asked; update users set email_verified = false,"
            " phone_verified = false, kyc_status = 'none'",
            "Stopped by the gate",
            6,
        ),
    ):
        with database.begin() as connection:
            connection.execute(text(change))
        done = by_hand(settings, "refresh")
        assert done.stdout.startswith(f"{name}: "), done.stdout + done.stderr
        assert done.returncode == code
        assert "Traceback" not in done.stderr
    database.dispose()

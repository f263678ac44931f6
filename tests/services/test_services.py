"""Background processes by their notes; metrics and backfills on a real database."""

import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from conftest import MakeDatabase, Standing
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from support.waiting import until

from standing.database.connect import connect
from standing.errors import ServerError
from standing.monitor.metrics import write_metrics
from standing.replay.backfill import Backfill, backfill
from standing.services.process import Service
from standing.settings import Settings

pytestmark = pytest.mark.usefixtures("no_audits")

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service("sleeper", tmp_path / "with a space")
    yield service
    service.stop()


def test_a_service_is_known_while_it_lives_and_stopped_with_what_it_started(service: Service) -> None:
    child = (
        "import subprocess, sys, time;"
        " subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    )
    service.start(
        [sys.executable, "-c", f"{child} print('up', flush=True); time.sleep(600)"], {}, {"port": 1}
    )
    service.wait(lambda: "" if "up" in service.log.read_text() else "it is not up", 600)
    assert service.running()
    assert service.noted()["port"] == 1
    assert service.stop()
    assert not service.running()
    assert not service.stop()
    group = service.noted()["pid"]
    assert isinstance(group, int)
    until(lambda: not alive(group), "the end of what it started")


def alive(group: int) -> list[int]:
    """Processes of a group that have not ended; on a busy machine a killed one takes its time."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except (psutil.Error, ProcessLookupError):
            continue
    return found


def test_a_note_of_a_process_that_died_or_of_anothers_number_says_nothing(service: Service) -> None:
    service.folder.mkdir()
    service.file.write_text('{"pid": 1, "port": 5}')
    assert not service.running()
    assert not service.stop()
    service.file.write_text("half a no")
    assert service.noted() == {}
    service.start(SLEEP, {}, {})
    assert service.running()


def test_a_service_that_ends_at_once_is_reported_with_the_last_lines_of_this_start(
    service: Service,
) -> None:
    for words in ("words of another start", "no such thing", "look there"):
        ending = f"print({words!r}); raise SystemExit(3)"
        service.start([sys.executable, "-c", ending], {}, {})
        with pytest.raises(ServerError) as given_up:
            service.wait(lambda: "not up", 30)
        assert f"the sleeper ended at once; its last lines:\n    {words}\n" in str(given_up.value)
        assert str(service.log) in given_up.value.fix


def test_whoever_waits_hears_for_what_and_at_last_why_it_was_given_up(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("standing.services.process.PATIENCE_SECONDS", 0.05)
    service.start(SLEEP, {}, {})
    heard: list[str] = []
    with pytest.raises(
        ServerError, match=r"did not answer within 1 s: nobody listens.*\n    it said nothing"
    ):
        service.wait(lambda: "nobody listens", 0.6, heard.append)
    assert len(heard) > 1
    assert heard[0] == "still waiting for the sleeper (0 s): nobody listens"


@pytest.fixture
def upgraded(make_database: MakeDatabase, prepared_template: str) -> Settings:
    return make_database(prepared_template)


def metrics(settings: Settings) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(settings.metrics_path.read_text())
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_metrics_follow_a_run_from_the_command_line(upgraded: Settings, standing: Standing) -> None:
    began = time.time()
    standing.told(upgraded, "run")
    found = metrics(upgraded)
    for flow in ("all", "scores", "tiers"):
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
    assert found["standing_due_rows", "trust_score"] == 0
    assert found["standing_last_run_success", "all"] == 1
    assert found["standing_stage_seconds", "all", "build"] > 0
    assert ("standing_quarantined_rows_of_all_reasons",) in found


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
        for selection, status in (("tiers", "published"), ("scores", "stopped"), ("all", "waiting")):
            with engine.begin() as connection:
                given = {"selection": selection, "status": status, "left": "1 hour"}
                connection.execute(text(entry), given)
        write_metrics(upgraded)
        found = metrics(upgraded)
        awaits = {name: found["standing_run_awaits_decision", name] for name in ("all", "scores", "tiers")}
        assert awaits == {"all": 1, "scores": 1, "tiers": 0}
        assert found["standing_last_run_success", "scores"] == 0
        assert found["standing_last_run_success", "tiers"] == 1
        assert ("standing_last_run_success", "all") not in found
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


def test_a_backfill_goes_on_where_it_was_and_leaves_published_columns_alone(upgraded: Settings) -> None:
    asked = Backfill.asked(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 8, tzinfo=UTC), "1w")
    heard: list[tuple[int, bool]] = []

    class Stop(Exception):
        pass

    def on_moment(_moment: datetime, number: int, _total: int, done: bool) -> None:
        heard.append((number, done))
        if len(heard) == 1:
            raise Stop

    published = "select md5(string_agg(u::text, '' order by id)) from users as u"
    kept = (
        "select as_of, count(*) from standing.past_documents where target = 'trust_score'"
        " group by 1 order by 1"
    )
    with connect(upgraded) as engine, engine.connect() as connection:
        before = connection.scalar(text(published))
        with pytest.raises(Stop):
            backfill(upgraded, asked, on_moment)
        ended = "standing_last_success_timestamp_seconds", "backfill"
        write_metrics(upgraded)
        assert ended not in metrics(upgraded)
        assert backfill(upgraded, asked, on_moment) == (1, None)
        write_metrics(upgraded)
        assert metrics(upgraded)[ended] > 0
        assert heard == [(1, False), (1, True), (2, False)]
        assert backfill(upgraded, asked, on_moment) == (0, None)
        rows = connection.execute(text(kept)).all()
        assert [row[0] for row in rows] == [asked.first, asked.last]
        assert 0 < rows[0][1] <= rows[1][1]
        assert connection.scalar(text(published)) == before

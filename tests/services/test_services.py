"""Background processes by their notes; backfills on a real database."""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from conftest import MakeDatabase
from sqlalchemy import text
from support.metrics import metrics
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
    # What was logged twice stands where it came last: two tracebacks may end alike.
    for words in ("words of another start", "no such thing", "look there\n    it is gone"):
        ending = f"print({words.splitlines()[-1]!r}); print({words!r}); raise SystemExit(3)"
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

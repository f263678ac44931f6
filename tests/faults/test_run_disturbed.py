"""Runs while something breaks: connections, the server, time limits, another run."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from conftest import FAST, Standing
from sqlalchemy import Connection, Engine, create_engine, make_url, text
from support.faults_of_runs import Disturbed, audited_run, published, run
from support.waiting import PATIENCE, until

from standing.database.connect import connect
from standing.database.embedded import Server
from standing.database.lock import LockLost
from standing.run.execute import Perform
from standing.run.outcome import RunOutcome
from standing.run.run import Run, Stage, StageOutput
from standing.settings import Settings, load_settings
from standing.state.runs import KILLED
from standing.upgrade.backup import backup, restore

#: The user whose row is the last to be published.
LAST = "select member_id from standing_build.changed_users order by member_id desc limit 1"


def at(stage: str, happen: Callable[[Run], None]) -> Perform:
    """Let something happen just before a stage."""

    def perform(begun: Stage, at_work: Run) -> StageOutput:
        if begun.name == stage:
            happen(at_work)
        return begun.work(at_work)

    return perform


@contextmanager
def row_held(engine: Engine, key: object) -> Iterator[Connection]:
    """The application has a user's row locked."""
    with engine.connect() as application:
        application.execute(text("select 1 from users where id = :id for update"), {"id": key})
        yield application
        application.rollback()


def written(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text("select count(*) from standing.history")) or 0)


def test_lock_that_is_cut_while_publishing_stops_the_run(disturbed: Disturbed) -> None:
    # One thread: while a chunk waits for its row, no other goes on.
    settings = disturbed.copy().model_copy(update={"threads": 1})
    with connect(settings) as engine:

        def cut_later(at_work: Run) -> None:
            """Once some chunks are written and the next one waits for a row."""
            with engine.connect() as connection:
                last = connection.scalar(text(LAST))

            def work() -> None:
                with row_held(engine, last):
                    held.set()
                    until(lambda: written(engine), "a chunk that is written")
                    with engine.connect() as connection:
                        pid = {"pid": at_work.lock.backend}
                        connection.execute(text("select pg_terminate_backend(:pid, 5000)"), pid)

            held = threading.Event()
            threading.Thread(target=work).start()
            assert held.wait(PATIENCE)

        outcome = run(settings, at("publish", cut_later))
        assert isinstance(outcome.error, LockLost), outcome.message
        assert outcome.status == "failed"
        assert published(engine) != disturbed.undisturbed.after
        assert outcome.report is not None
        told = json.loads(outcome.report.with_suffix(".json").read_text())
        assert told["verdict"]["headline"].startswith("Publishing broke off: a part is written")
        number = sum(one["written"] for one in told["changes"])
        assert 0 < number < sum(one["changed"] for one in told["changes"])
        assert sum(outcome.written.values()) == number
        assert outcome.message.endswith(f"before that, {number} documents written")
        disturbed.check_whole(engine)
        disturbed.check_mended(settings, engine)


@pytest.mark.parametrize(
    "stage",
    [
        "build",
        pytest.param("find the due", marks=pytest.mark.prove),
        pytest.param("diff", marks=pytest.mark.prove),
    ],
)
def test_lock_that_is_cut_earlier_publishes_nothing(disturbed: Disturbed, stage: str) -> None:
    settings = disturbed.copy()
    with connect(settings) as engine:

        def cut(at_work: Run) -> None:
            with engine.connect() as connection:
                pid = {"pid": at_work.lock.backend}
                connection.execute(text("select pg_terminate_backend(:pid, 5000)"), pid)

        outcome = run(settings, at(stage, cut))
        assert isinstance(outcome.error, LockLost), outcome.message
        assert published(engine) == disturbed.undisturbed.before
        disturbed.check_mended(settings, engine)


def test_time_limit_that_is_too_short_fails_the_run_and_no_more(disturbed: Disturbed) -> None:
    settings = disturbed.copy()
    with connect(settings) as engine:
        name = engine.url.database

        def limit(at_work: Run) -> None:
            with engine.begin() as connection:
                connection.exec_driver_sql(f"alter database {name} set statement_timeout = 1")

        outcome = run(settings, at("build", limit))
        with engine.begin() as connection:
            connection.exec_driver_sql("set statement_timeout = 0")
            connection.exec_driver_sql(f"alter database {name} reset statement_timeout")
        assert outcome.status == "failed", outcome.message
        assert outcome.error is not None
        assert "raise statement_timeout for the role" in outcome.error.fix
        assert published(engine) == disturbed.undisturbed.before
    with connect(settings) as engine:
        disturbed.check_mended(settings, engine)


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.prove)])
def test_interrupted_run_says_so_and_leaves_nothing_behind(
    disturbed: Disturbed, standing: Standing, number: signal.Signals
) -> None:
    """Ctrl-C, or the SIGTERM of a service manager, while dbt builds models; all processes receive it."""
    settings = disturbed.copy()
    with connect(settings) as engine:
        with (
            engine.connect() as application,
            standing.begin(settings, "run", "--full", "--json") as process,
        ):
            application.execute(text(LOCK))
            _wait_for_dbt(engine, process)
            for one in (*psutil.Process(process.pid).children(recursive=True), process):
                one.send_signal(number)
            application.rollback()
            printed, told = process.communicate()
        assert process.returncode == 128 + number, told
        assert printed == ""
        assert "error: interrupted" in told
        assert "Traceback" not in told
        assert "leaked" not in told
        assert published(engine) == disturbed.undisturbed.before
        assert _last_run(engine) == ("failed", "interrupted")
        disturbed.check_mended(settings, engine)


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.prove)])
def test_interrupted_flow_run_ends_its_queries_and_leaves_nothing_behind(
    disturbed: Disturbed, number: signal.Signals, give_prefect: Callable[[Path], None]
) -> None:
    """Prefect has its own handler for SIGTERM, by which it cancels; a lock of the application blocks."""
    settings = disturbed.copy()
    give_prefect(settings.home)
    environment = {
        **os.environ,
        "STANDING_HOME": str(settings.home),
        "DATABASE_URL": settings.database_url or "",
    }
    with connect(settings) as engine:
        with (
            engine.connect() as application,
            (settings.home / "said").open("w+") as said,
            subprocess.Popen(
                [sys.executable, "-m", "flows", "refresh"], env=environment, stdout=said, stderr=said
            ) as process,
        ):
            application.execute(text(LOCK))
            _wait_for_dbt(engine, process)
            process.send_signal(number)
            assert process.wait(PATIENCE) == 128 + number
            assert not _waits_in_dbt(engine)
            said.seek(0)
            told = said.read()
        assert "Finished in state Crashed('Execution was aborted by" in told
        assert "error: interrupted" in told
        assert "Traceback" not in told
        assert not [one for one in psutil.process_iter() if _works_for(one, settings)]
        assert published(engine) == disturbed.undisturbed.before
        assert _last_run(engine) == ("failed", "interrupted")
        disturbed.check_mended(settings, engine)


#: What every build reads.
LOCK = "lock table standing_build.order_statuses in access exclusive mode"


def _wait_for_dbt(engine: Engine, process: "subprocess.Popen[str] | subprocess.Popen[bytes]") -> None:
    until(lambda: process.poll() is not None or _waits_in_dbt(engine), "dbt at work")


def _last_run(engine: Engine) -> tuple[str, str]:
    with engine.connect() as connection:
        last = "select status, message from standing.runs order by run_id desc limit 1"
        status, message = connection.execute(text(last)).one()
        return status, message


def _works_for(process: psutil.Process, settings: Settings) -> bool:
    try:
        return process.environ().get("STANDING_HOME") == str(settings.home)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _waits_in_dbt(engine: Engine) -> bool:
    with engine.connect() as connection:
        waits = (
            "select exists (select from pg_stat_activity where application_name like 'standing build%'"
            " and wait_event_type = 'Lock')"
        )
        return bool(connection.scalar(text(waits)))


def test_two_runs_at_once_do_what_one_does(disturbed: Disturbed) -> None:
    settings = disturbed.copy().model_copy(update={"lock_wait_minutes": 0})
    others: list[RunOutcome] = []
    with connect(settings) as engine:
        first = run(settings, at("publish", lambda at_work: others.append(run(settings))))
        assert first.status == "published", first.message
        assert [one.status for one in others] == ["skipped"]
        assert f"run {first.run_id} (all), server process" in others[0].message
        assert published(engine) == disturbed.undisturbed.after


WAITING = text(
    "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    " and application_name = 'standing' and query like :query"
)


def wait_for(engine: Engine, query: str, number: int = 1) -> None:
    """Until so many statements like `query` wait for a lock."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as watch:
        until(lambda: (watch.scalar(WAITING, {"query": query}) or 0) >= number, query)


def release_once_waiting(engine: Engine, backend: object, other: Connection) -> None:
    """Ends what `other` holds once that server process waits."""
    waits = text("select wait_event_type = 'Lock' from pg_stat_activity where pid = :pid")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as watch:
        until(lambda: watch.scalar(waits, {"pid": backend}), "the application's wait")
    other.rollback()


@pytest.mark.parametrize("application_waits_first", [True, pytest.param(False, marks=pytest.mark.prove)])
def test_deadlock_with_the_application_is_ours_to_lose(
    disturbed: Disturbed, application_waits_first: bool
) -> None:
    """The application has the last row of a chunk and wants the first, which the chunk has locked."""
    settings = disturbed.copy().model_copy(update={"publish_chunk": 5000})
    errors: list[Exception] = []
    with connect(settings) as engine:

        def collide(first: object, middle: object, last: object, held: threading.Event) -> None:
            try:
                with row_held(engine, last) as application, row_held(engine, middle) as other:
                    if not application_waits_first:
                        other.rollback()
                    held.set()
                    wait_for(engine, "%with batch as%")
                    if application_waits_first:
                        backend = application.scalar(text("select pg_backend_pid()"))
                        threading.Thread(target=release_once_waiting, args=(engine, backend, other)).start()
                    rename = text("update users set display_name = 'Malee' where id = :id")
                    application.execute(rename, {"id": first})
                    application.commit()
            except Exception as error:  # whatever the application meets is the test's finding
                errors.append(error)

        threads: list[threading.Thread] = []

        def begin(at_work: Run) -> None:
            members = "select member_id from standing_build.changed_users order by 1"
            with engine.connect() as connection:
                keys = connection.scalars(text(members)).all()
            held = threading.Event()
            rows = (keys[0], keys[len(keys) // 2], keys[-1], held)
            threads.append(threading.Thread(target=collide, args=rows))
            threads[0].start()
            assert held.wait(PATIENCE)

        outcome = run(settings, at("publish", begin))
        threads[0].join()
        assert errors == []
        assert outcome.status == "published", outcome.message
        assert published(engine) == disturbed.undisturbed.after
        with engine.connect() as connection:
            renamed = text("select count(*) from users where display_name = 'Malee'")
            assert connection.scalar(renamed) == 1


def test_a_server_that_stays_away_hides_neither_what_stopped_the_run_nor_what_was_written(
    standing: Standing, disturbed: Disturbed
) -> None:
    settings = disturbed.copy()
    name = make_url(settings.database_url or "").database
    administer = create_engine(make_url(settings.database_url or "").set(database="postgres"))

    def set_open(is_open: bool) -> None:
        with administer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"alter database {name} allow_connections {is_open}"))
            if not is_open:
                gone = "select pg_terminate_backend(pid) from pg_stat_activity where datname = :name"
                connection.execute(text(gone), {"name": name})

    try:
        outcome = audited_run(settings, at("audit published", lambda _: set_open(False)))
    finally:
        set_open(True)
        administer.dispose()
    assert outcome.status == "failed"
    assert outcome.message.startswith("audit published: "), outcome.message
    assert "documents written" in outcome.message
    assert outcome.error is not None
    assert outcome.error.fix
    assert run(settings).status == "published"  # and closes the other
    shown = json.loads(standing.told(settings, "status", "--json"))["runs"]
    assert [one["message"] for one in shown if one["run_id"] == outcome.run_id] == [KILLED]


def test_server_that_crashes_in_the_middle_loses_nothing(disturbed: Disturbed, tmp_path: Path) -> None:
    """It comes back with the build empty, and then everybody is due."""
    archive = tmp_path / "changed.dump"
    with connect(disturbed.copy()) as engine:
        backup(engine, archive)
    home = Path(tempfile.mkdtemp(prefix="standing-test-"))
    home.chmod(0o755)
    server = Server(home, extra=FAST)
    try:
        server.start()
        settings = load_settings(STANDING_HOME=home, DATABASE_URL=server.url())
        engine = create_engine(server.url())
        restore(settings, engine, archive)
        engine.dispose()

        def crash(at_work: Run) -> None:
            os.kill(int((server.data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
            until(lambda: not server.running(), "the end of the server")
            server.start()

        outcome = run(settings, at("build", crash))
        assert outcome.status == "failed", outcome.message
        with engine.connect() as connection:
            assert connection.scalar(text("select count(*) from standing_build.int_order_facts")) == 0
        engine.dispose()
        after = run(settings)
        assert after.status == "published", after.message
        assert after.stages[0].detail.startswith("everybody")
        assert published(engine) == disturbed.undisturbed.after
        with engine.begin() as connection:
            assert connection.scalar(text("select count(*) from standing.due")) == 0
        engine.dispose()
    finally:
        server.remove()
        shutil.rmtree(home, ignore_errors=True)

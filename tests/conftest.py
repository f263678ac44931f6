"""Real PostgreSQL for every test that needs one.

One server a session (and a pytest-xdist worker), one database a test, made from a template. Set
STANDING_TEST_POSTGRES to an installation's folder (the one above its bin) to run the suite on that
version in place of the embedded one.
"""

import fcntl
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, create_engine, text
from support.accounts import Accounts, note_server
from support.connections import name_openers
from support.once import make_once
from support.warden import guarded

from standing.audit import lasting
from standing.cli import main
from standing.database.embedded import Server
from standing.log import NAME as LOGGER
from standing.settings import Settings, current, load_settings

if TYPE_CHECKING:
    from support.faults_of_runs import Disturbed, Undisturbed

#: Before the first test no variable of ours is left.
NAMED = os.environ.get("STANDING_TEST_POSTGRES")
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "logical",
    "max_wal_size": "256MB",  # its files may be in memory
}
#: The files that take longest, in their order.
LONGEST = (
    "test_deployments.py",
    "test_run_disturbed.py",
    "test_incremental.py",
    "test_derived.py",
    "test_run.py",
    "test_scores_replay.py",
    "test_run_killed.py",
    "test_upgrade_killed.py",
    "test_journey.py",
    "test_why_published.py",
    "test_decisions.py",
    "test_scores_policy.py",
    "test_scores_reference.py",
    "test_scores_proofs.py",
    "test_gate.py",
    "test_toy_document.py",
    "test_reconcile.py",
    "test_findings.py",
    "test_bad_input.py",
    "test_due.py",
    "test_trial.py",
    "test_sql.py",
    "test_windows.py",
    "test_connections.py",
    "test_embedded_process.py",
)
#: A fixture that a test uses → the mark that says its kind, the dearest first.
KINDS = {"browser": "browser", "give_prefect": "prefect", "postgres": "database"}
SHARED = Path(__file__).resolve().parents[2] / "shared"


pytest_plugins = ("support.proofs",)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Accounts())
    name_openers()
    make_once()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files come first, so that no worker ends alone; each test gets its kind's mark."""
    items.sort(
        key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST)
    )
    for item in items:
        if not {mark.name for mark in item.iter_markers()} & {*KINDS.values()}:
            used = [kind for fixture, kind in KINDS.items() if fixture in getattr(item, "fixturenames", ())]
            item.add_marker(used[0] if used else "unit")


@pytest.fixture(scope="session", autouse=True)
def nothing_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whatever a test starts ends with the run, also where a signal ends that."""
    tmp_path_factory.getbasetemp()  # is kept, for whoever looks why a test failed
    with guarded():
        yield


@pytest.fixture(scope="session", autouse=True)
def quiet_environment(nothing_left_behind: None) -> Iterator[None]:
    """No setting of the machine or of a `.env` reaches a test; no dependency reports home."""
    ours = [name for name in os.environ if name.startswith(("STANDING_", "TRUST_SCORE_", "LOYALTY_"))]
    kept = {name: os.environ.pop(name) for name in [*ours, "DATABASE_URL"] if name in os.environ}
    # A shell's background job ignores Ctrl-C, and so would every process that a test starts and interrupts.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with lasting():
        yield
    os.environ.update(kept)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A running server for the whole session, without durability."""
    home = Path(tempfile.mkdtemp(prefix="standing-test-"))
    home.chmod(0o755)
    server = Server(home, extra=FAST, installation=Path(NAMED) if NAMED else None)
    try:
        server.start()
        yield server
        note_server("PostgreSQL", int((server.data / "postmaster.pid").read_text().splitlines()[0]))
    finally:
        server.remove()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def administer(postgres: Server) -> Iterator[Callable[[str], None]]:
    """Runs one statement outside a transaction, in the server's `postgres` database."""
    engine = create_engine(postgres.url("postgres"), isolation_level="AUTOCOMMIT")

    def run(statement: str) -> None:
        with engine.connect() as connection:
            connection.execute(text(statement))

    yield run
    engine.dispose()


#: Makes a database, from a template if one is named, and gives the settings that lead to it.
MakeDatabase = Callable[..., Settings]


@pytest.fixture(scope="session")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, str], None]:
    """Has a home keep what dbt parses where the next test with a database of that name finds it.

    The name is part of what is parsed; without this every test would parse the whole project.
    """
    folder = tmp_path_factory.mktemp("parsed")

    def share(home: Path, database: str) -> None:
        (folder / database).mkdir(exist_ok=True)
        home.mkdir(parents=True, exist_ok=True)
        (home / "dbt").symlink_to(folder / database)

    return share


@pytest.fixture
def make_database(
    postgres: Server,
    administer: Callable[[str], None],
    parsed: Callable[[Path, str], None],
    tmp_path: Path,
) -> Iterator[MakeDatabase]:
    made: list[str] = []

    def make(template: str = "template1", **variables: object) -> Settings:
        name = f"test_{len(made)}"
        administer(f"create database {name} template {template} strategy file_copy")
        made.append(name)
        home = {"STANDING_HOME": tmp_path / f"home_{name}", "DATABASE_URL": postgres.url(name)}
        settings = load_settings(**{**home, **variables})
        parsed(settings.home, name)
        return settings

    yield make
    for name in made:
        administer(f"drop database {name} with (force)")


@pytest.fixture
def settings(make_database: MakeDatabase) -> Settings:
    """An empty database."""
    return make_database()


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    """An engine to the database of `settings`."""
    from standing.database.connect import connect

    with connect(settings) as engine:
        yield engine


@pytest.fixture
def database(marketplace: Settings) -> Iterator[Engine]:
    """An engine to the database of a module's own fixture `marketplace`."""
    engine = create_engine(marketplace.database_url or "")
    yield engine
    engine.dispose()


class Standing:
    """The command line as a person meets it: another process, with these settings only."""

    def __call__(
        self, settings: Settings, *arguments: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        with self.begin(settings, *arguments, **variables) as process:
            said = process.communicate()
        return subprocess.CompletedProcess(arguments, process.returncode, *said)

    def begin(self, settings: Settings, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """The command at work; the caller reads what it says."""
        environment = {**os.environ, **self._environment(settings), **variables}
        command = [sys.executable, "-m", "standing", *arguments]
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def _environment(self, settings: Settings) -> dict[str, str]:
        return {"STANDING_HOME": str(settings.home), "DATABASE_URL": settings.database_url or ""}

    def inside(
        self, settings: Settings, *arguments: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as a call in this process, which has already loaded the slow libraries."""
        log = logging.getLogger(LOGGER)
        kept = log.handlers, log.level, log.propagate
        environment = {**self._environment(settings), **variables}
        current.cache_clear()
        try:
            with (
                CliRunner().isolation(env=environment) as (output, errors, _),
                patch.object(sys, "argv", ["standing", *arguments]),
                pytest.raises(SystemExit) as ended,
            ):
                main()
            said = (stream.getvalue().decode() for stream in (output, errors))
            return subprocess.CompletedProcess(arguments, int(ended.value.code or 0), *said)
        finally:
            current.cache_clear()
            log.handlers, log.level, log.propagate = kept

    def ok(self, settings: Settings, *arguments: str, **variables: str) -> str:
        """What the command prints; fails the test if the command does."""
        done = self(settings, *arguments, **variables)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def told(self, settings: Settings, *arguments: str, **variables: str) -> str:
        """What the command prints in this process; fails the test if the command does."""
        done = self.inside(settings, *arguments, **variables)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def standing() -> Standing:
    return Standing()


SIMULATED = ("load", "simulated", "--users", "300", "--orders", "3000", "--seed", "7")
#: The end of the simulated history, so that a test's marketplace is the same every day.
UNTIL = "2026-06-01T00:00:00+07:00"


#: Makes a database of that name for tests to copy: of a template, with what the function does in it.
MakeTemplate = Callable[[str, str, Callable[[Settings], None]], str]


@pytest.fixture(scope="session")
def make_template(
    postgres: Server,
    administer: Callable[[str], None],
    parsed: Callable[[Path, str], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> MakeTemplate:
    """The first worker that needs a template makes it; the others restore it from an archive.

    All are made under one name, with which dbt's project is parsed once.
    """
    from standing.database.connect import connect
    from standing.upgrade.backup import backup, restore

    is_shared = "PYTEST_XDIST_WORKER" in os.environ
    archives = tmp_path_factory.getbasetemp().parent if is_shared else tmp_path_factory.mktemp("archives")

    def fresh(name: str, template: str, fill: Callable[[Settings], None]) -> None:
        administer(f"create database {name} template {template}")
        try:
            home = tmp_path_factory.mktemp(name)
            settings = load_settings(STANDING_HOME=home, DATABASE_URL=postgres.url(name))
            parsed(home, name)
            fill(settings)
        except BaseException:
            administer(f"drop database {name} with (force)")
            raise

    def make(name: str, template: str, fill: Callable[[Settings], None]) -> str:
        archive = archives / f"{name}.dump"

        def read(settings: Settings) -> None:
            with connect(settings) as engine:
                restore(settings, engine, archive)

        with archive.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if archive.exists():
                fresh(name, "template1", read)
                return name
            fresh("workshop", template, fill)
            administer(f"alter database workshop rename to {name}")
            if is_shared:
                settings = load_settings(DATABASE_URL=postgres.url(name))
                with connect(settings) as engine:
                    backup(engine, archive)
        return name

    return make


@pytest.fixture(scope="session")
def give_prefect(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], None]:
    """Gives a home Prefect's own database, which takes 15 s to make: one worker makes it for all."""
    from standing.services.prefect import environment

    is_shared = "PYTEST_XDIST_WORKER" in os.environ
    made = (
        tmp_path_factory.getbasetemp().parent if is_shared else tmp_path_factory.mktemp("made")
    ) / "prefect"

    def give(home: Path) -> None:
        with made.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                workshop = load_settings(STANDING_HOME=tmp_path_factory.mktemp("prefect"))
                (workshop.home / "prefect").mkdir()
                upgrade = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "--yes"]
                variables = {**os.environ, **environment(workshop)}
                subprocess.run(upgrade, env=variables, capture_output=True, check=True)
                (workshop.home / "prefect").rename(made)
        shutil.copytree(made, home / "prefect")

    return give


@pytest.fixture(scope="session")
def upgraded_template(make_template: MakeTemplate, standing: Standing) -> str:
    """The name of a database with a small simulated marketplace, upgraded; tests copy it."""

    def fill(settings: Settings) -> None:
        standing.told(settings, *SIMULATED, "--until", UNTIL)
        standing.told(settings, "migrate")

    return make_template("upgraded_template", "template1", fill)


@pytest.fixture(scope="session")
def prepared_template(make_template: MakeTemplate, upgraded_template: str) -> str:
    """The name of a database like `upgraded_template` with what a build begins with; nothing is published.

    A first run in a copy of it need not make the tables of policy, nor test them, nor the staging views.
    """
    from standing.build import dbt
    from standing.build.prepared import preparing
    from standing.build.selection import POLICY
    from standing.contract.targets import TARGETS
    from standing.database.clock import wall_clock
    from standing.database.connect import connect
    from standing.incremental.plan import open_build

    def fill(settings: Settings) -> None:
        with connect(settings) as engine:
            plan = open_build(engine, settings, 0, wall_clock(engine), TARGETS)
            with preparing(engine, settings, TARGETS, plan.fingerprint):
                dbt.invoke(settings, engine.url, "build", "--select", *POLICY)
                dbt.invoke(
                    settings,
                    engine.url,
                    "run",
                    "--full-refresh",
                    "--select",
                    "path:models/staging",
                    "path:models/quality",
                )

    return make_template("prepared_template", upgraded_template, fill)


@pytest.fixture(scope="session")
def published_template(make_template: MakeTemplate, prepared_template: str) -> str:
    """The name of a database like `upgraded_template` after its first run; tests copy it."""
    from standing.run.execute import execute
    from standing.run.run import Request

    def fill(settings: Settings) -> None:
        outcome = execute(settings, Request())
        assert outcome.status == "published", outcome.message

    return make_template("published_template", prepared_template, fill)


@pytest.fixture(scope="session")
def changed_template(make_template: MakeTemplate, published_template: str) -> str:
    """The name of a database with a published run and changes since; tests copy it."""
    from support.faults_of_runs import CHANGES

    from standing.database.connect import connect

    def fill(settings: Settings) -> None:
        with connect(settings) as engine, engine.begin() as connection:
            connection.exec_driver_sql("truncate standing.history")
            connection.exec_driver_sql(CHANGES)

    return make_template("changed_template", published_template, fill)


@pytest.fixture(scope="session")
def undisturbed(
    postgres: Server,
    administer: Callable[[str], None],
    changed_template: str,
    parsed: Callable[[Path, str], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> "Undisturbed":
    """What a run that nothing disturbs makes of the changed marketplace."""
    from support.faults_of_runs import undisturbed_run

    administer(f"create database workshop template {changed_template}")
    try:
        home = tmp_path_factory.mktemp("undisturbed")
        parsed(home, "workshop")
        return undisturbed_run(load_settings(STANDING_HOME=home, DATABASE_URL=postgres.url("workshop")))
    finally:
        administer("drop database workshop with (force)")


@pytest.fixture(scope="module")
def module_database(
    postgres: Server,
    administer: Callable[[str], None],
    parsed: Callable[[Path, str], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[str], Settings]]:
    """Makes the one database that a module's tests share, from a template."""

    def make(template: str) -> Settings:
        administer("drop database if exists module with (force)")  # of the parameter before
        administer(f"create database module template {template}")
        settings = load_settings(
            STANDING_HOME=tmp_path_factory.mktemp("module"), DATABASE_URL=postgres.url("module")
        )
        parsed(settings.home, "module")
        return settings

    yield make
    administer("drop database if exists module with (force)")


@pytest.fixture(scope="module")
def built(module_database: Callable[[str], Settings], upgraded_template: str) -> Settings:
    """Settings that lead dbt to an upgraded database."""
    return module_database(upgraded_template)


@pytest.fixture(scope="module")
def no_pictures() -> Iterator[None]:
    """For modules whose reports are not looked at, or only for what they say."""
    from support.unaudited import unillustrated

    with unillustrated():
        yield


@pytest.fixture(scope="module")
def no_audits(published_template: str) -> Iterator[None]:
    """For modules that look at what runs build and write; their reports have no pictures.

    The template's own run is audited, whichever module is the first to need it.
    """
    from support.unaudited import unaudited

    with unaudited():
        yield


@pytest.fixture
def disturbed(
    make_database: MakeDatabase,
    changed_template: str,
    undisturbed: "Undisturbed",
    monkeypatch: pytest.MonkeyPatch,
) -> "Disturbed":
    """The changed marketplace, to be copied; the clock stands where it stood in the undisturbed run."""
    from support.clock import set_clock
    from support.faults_of_runs import Disturbed

    set_clock(monkeypatch, lambda: undisturbed.now)

    def copy() -> Settings:
        return make_database(template=changed_template, STANDING_PUBLISH_CHUNK=7)

    return Disturbed(copy, undisturbed)

"""Real PostgreSQL for every test that needs one.

One server a session (and a pytest-xdist worker), one database a test, made from a template. Set
STANDING_TEST_POSTGRES to an installation's folder (the one above its bin) to run the suite on that
version in place of the embedded one.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from standing.embedded import Server
from standing.settings import Settings, load_settings

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session", autouse=True)
def quiet_environment() -> Iterator[None]:
    """No setting of the machine or of a `.env` reaches a test; no dependency reports home."""
    ours = [name for name in os.environ if name.startswith(("STANDING_", "TRUST_SCORE_", "LOYALTY_"))]
    kept = {name: os.environ.pop(name) for name in [*ours, "DATABASE_URL"] if name in os.environ}
    os.environ["STANDING_TEST_POSTGRES"] = kept.get("STANDING_TEST_POSTGRES", "")
    yield
    os.environ.update(kept)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A running server for the whole session, without durability."""
    home = Path(tempfile.mkdtemp(prefix="standing-test-"))
    home.chmod(0o755)
    named = os.environ.get("STANDING_TEST_POSTGRES")
    server = Server(home, extra=FAST, installation=Path(named) if named else None)
    try:
        server.start()
        yield server
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


@pytest.fixture
def make_database(
    postgres: Server, administer: Callable[[str], None], tmp_path: Path
) -> Iterator[MakeDatabase]:
    made: list[str] = []

    def make(template: str = "template1", **variables: object) -> Settings:
        name = f"test_{uuid.uuid4().hex[:12]}"
        administer(f"create database {name} template {template}")
        made.append(name)
        home = {"STANDING_HOME": tmp_path / "home", "DATABASE_URL": postgres.url(name)}
        return load_settings(**{**home, **variables})

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
    from standing.database import connect

    with connect(settings) as engine:
        yield engine

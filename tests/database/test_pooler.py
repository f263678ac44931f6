"""A pooler in transaction mode lends the application's sessions: nothing of ours stays in one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from conftest import MakeDatabase, Standing
from sqlalchemy import make_url
from support.pooler import Pooler

from standing.database.connect import connect
from standing.database.embedded import ROLE, Server
from standing.errors import SettingError
from standing.settings import Settings

#: What an application would notice of a session that somebody used before.
LEFT = """
select
    current_setting('lock_timeout'), current_setting('statement_timeout'), current_setting('jit'),
    current_setting('search_path'), current_setting('row_security'),
    (select count(*) from pg_locks where locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database()))
"""


@pytest.fixture
def market(make_database: MakeDatabase, upgraded_template: str) -> Settings:
    return make_database(upgraded_template)


@pytest.fixture
def pooled(market: Settings, postgres: Server) -> Iterator[Settings]:
    """The same database by way of a pooler."""
    name = make_url(market.database_url or "").database
    pooler = Pooler(postgres.sockets, ROLE, str(name))
    yield market.model_copy(update={"database_url": f"postgresql://{ROLE}@127.0.0.1:{pooler.port}/{name}"})
    pooler.close()


@pytest.fixture
def left(pooled: Settings) -> Callable[[], tuple[object, ...]]:
    def look() -> tuple[object, ...]:
        with psycopg.connect(pooled.database_url or "", prepare_threshold=None) as connection:
            return connection.execute(LEFT.encode()).fetchone() or ()

    return look


COMMANDS = [
    ("migrate",),
    ("rollback", "--yes"),
    ("backup", "{folder}/market.dump"),
    ("restore", "{folder}/before.dump", "--replace", "--yes"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_what_sets_up_its_session_goes_past_a_pooler_or_is_refused(
    market: Settings,
    pooled: Settings,
    left: Callable[[], tuple[object, ...]],
    standing: Standing,
    tmp_path: Path,
    command: tuple[str, ...],
) -> None:
    if command[0] == "restore":
        standing.told(market, "backup", str(tmp_path / "before.dump"))
    before = left()
    arguments = [argument.format(folder=tmp_path) for argument in command]
    refused = standing.inside(pooled, *arguments)
    assert refused.returncode == 2, refused.stderr
    assert "through a pooler in transaction mode" in refused.stderr
    assert "set DATABASE_URL_DIRECT" in refused.stderr
    assert left() == before
    done = standing.inside(pooled, *arguments, DATABASE_URL_DIRECT=market.database_url or "")
    assert done.returncode == 0, done.stderr
    assert left() == before


@pytest.mark.parametrize("refusing", [False, True], ids=["drops", "refuses"])
def test_a_pooler_that_drops_our_session_settings_is_gone_past_or_refused(
    market: Settings, pooled: Settings, make_database: MakeDatabase, refusing: bool
) -> None:
    """A pooler that ignores `options` would have times read in another zone."""
    with connect(market) as engine, engine.begin() as connection:
        connection.exec_driver_sql(
            f"alter database {engine.url.database} set timezone = 'America/New_York'"
        )
    url = make_url(pooled.database_url or "")
    pooler = Pooler(Path(make_url(market.database_url or "").query["host"]), ROLE, str(url.database))
    pooler.refusing = refusing
    fresh = pooled.model_copy(
        update={"database_url": url.set(port=pooler.port).render_as_string(hide_password=False)}
    )
    try:
        said = "startup parameter: options" if refusing else "timezone is America/New_York"
        with pytest.raises(SettingError, match=said), connect(fresh):
            pass
        past = fresh.model_copy(update={"database_url_direct": market.database_url})
        with connect(past) as engine, engine.connect() as connection:
            assert connection.exec_driver_sql("show timezone").scalar() == "UTC"
        elsewhere = fresh.model_copy(update={"database_url_direct": make_database().database_url})
        with pytest.raises(SettingError, match="leads to another database"), connect(elsewhere):
            pass
    finally:
        pooler.close()

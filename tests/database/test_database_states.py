"""What a person hears who runs a command on a database that is not ready for it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from conftest import MakeDatabase, Standing
from sqlalchemy import Engine, create_engine, text
from support.waiting import until

from standing.audit import auditor
from standing.database.connect import LAST_REVISION, connect, refused
from standing.errors import DatabaseUnreachable
from standing.settings import Settings
from standing.upgrade.revisions import latest


@pytest.mark.parametrize("command", [("run",), ("status",), ("why", "user", "0" * 32)])
def test_a_database_that_is_not_upgraded_is_told_to_migrate(
    settings: Settings, standing: Standing, command: tuple[str, ...]
) -> None:
    empty = standing.inside(settings, *command)
    assert empty.returncode == 4
    assert "'public' has no table users" in empty.stderr
    engine = create_engine(settings.database_url or "")
    with engine.begin() as connection:
        connection.execute(text("create table users (id uuid primary key, created_at timestamptz)"))
    engine.dispose()
    done = standing.inside(settings, *command)
    assert done.returncode == 4
    assert "standing migrate" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_empty_database_cannot_be_upgraded_and_hears_what_is_missing(
    settings: Settings, standing: Standing
) -> None:
    done = standing.inside(settings, "migrate")
    assert done.returncode == 4
    assert "users" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_table_stops_the_run_by_name_and_writes_nothing(
    make_database: MakeDatabase, prepared_template: str, standing: Standing
) -> None:
    settings = make_database(prepared_template)
    engine = create_engine(settings.database_url or "")
    documents = "select md5(string_agg(trust_score::text, '' order by id)) from users"
    with engine.begin() as connection:
        before = connection.scalar(text(documents))
    for table in ("seller_profiles", "reviews", "orders"):
        with engine.begin() as connection:
            connection.execute(text(f"alter table {table} rename to elsewhere"))
        worst = auditor(settings, engine.url, ()).verdict("sources").failures("critical")[0]
        assert f"{table} is missing" in worst.observed
        if table != "orders":
            with engine.begin() as connection:
                connection.execute(text(f"alter table elsewhere rename to {table}"))
    # A run asks the same before it builds.
    done = standing.inside(settings, "run")
    assert done.returncode == 4, done.stderr
    assert "orders is missing" in done.stderr
    assert "Traceback" not in done.stderr
    with engine.begin() as connection:
        assert connection.scalar(text(documents)) == before
    engine.dispose()


def test_an_unknown_selection_names_those_that_exist(settings: Settings, standing: Standing) -> None:
    done = standing.inside(settings, "run", "everything")
    assert done.returncode == 2
    assert "all, scores, tiers" in done.stderr


def test_a_moment_that_is_none_is_refused(settings: Settings, standing: Standing) -> None:
    done = standing.inside(settings, "run", "--as-of", "yesterday")
    assert done.returncode == 2
    assert "yesterday" in done.stderr


def test_why_refuses_what_is_no_id_and_an_id_that_nobody_has(
    make_database: MakeDatabase, prepared_template: str, standing: Standing
) -> None:
    settings = make_database(prepared_template)
    assert standing.inside(settings, "why", "user", "ann").returncode == 2
    nobody = standing.inside(settings, "why", "seller", "00000000-0000-0000-0000-000000000000")
    assert nobody.returncode == 2
    assert "there is no seller" in nobody.stderr


def test_a_half_upgraded_database_is_told_to_finish(
    make_database: MakeDatabase, prepared_template: str, standing: Standing
) -> None:
    settings = make_database(prepared_template)
    engine = create_engine(settings.database_url or "")
    with engine.begin() as connection:
        connection.execute(text("update standing.alembic_version set version_num = 'indexes'"))
    engine.dispose()
    done = standing.inside(settings, "run")
    assert done.returncode == 4
    assert "indexes" in done.stderr
    assert "standing migrate" in done.stderr


def test_the_last_revision_is_the_newest_of_the_migrations() -> None:
    assert latest() == LAST_REVISION


@contextmanager
def _waiting_for_orders_and_users(engine: Engine) -> Iterator[None]:
    """Whoever reads these tables meanwhile waits."""
    with engine.begin() as connection:
        connection.execute(text("lock table users, orders in access exclusive mode"))
        yield


@pytest.mark.parametrize("command", ["status", "preflight"])
@pytest.mark.parametrize("limit", ["statement_timeout", "lock_timeout"])
def test_a_limit_that_is_reached_outside_of_a_stage_is_named(
    make_database: MakeDatabase, prepared_template: str, standing: Standing, command: str, limit: str
) -> None:
    settings = make_database(prepared_template)
    with connect(settings) as engine:
        with engine.begin() as connection:
            connection.execute(text(f"alter database {engine.url.database} set {limit} = 500"))
        with _waiting_for_orders_and_users(engine):
            done = standing.inside(settings, command)
    assert done.returncode == 1
    assert "error: the database refused: canceling statement due to" in done.stderr
    assert f"fix: raise {limit} for the role or the database" in done.stderr


def test_a_command_whose_connection_is_cut_names_the_setting_that_leads_to_the_server(
    make_database: MakeDatabase, prepared_template: str, standing: Standing
) -> None:
    settings = make_database(prepared_template)
    with connect(settings) as engine:

        def cut() -> None:
            waiting = (
                "from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
            )
            terminate = text(f"select pg_terminate_backend(pid) {waiting}")
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                until(lambda: connection.scalar(terminate), "a statement that waits")

        cutting = threading.Thread(target=cut)
        with _waiting_for_orders_and_users(engine):
            cutting.start()
            done = standing.inside(settings, "status")
        cutting.join()
    assert done.returncode == 1
    assert "error: the connection to the database was lost: terminating connection" in done.stderr
    assert "fix: see that the server of DATABASE_URL is up" in done.stderr


def test_a_server_that_says_nothing_is_gone_and_one_that_refuses_is_not() -> None:
    assert isinstance(refused(psycopg.OperationalError("connection is bad")), DatabaseUnreachable)
    for refusal in (psycopg.errors.DiskFull("disk full"), psycopg.errors.UndefinedTable("no table")):
        said = refused(refusal)
        assert not isinstance(said, DatabaseUnreachable)
        assert said.fix


def test_a_rollback_of_what_is_not_upgraded_says_what_helps(settings: Settings, standing: Standing) -> None:
    done = standing.inside(settings, "rollback", "--yes")
    assert done.returncode == 4
    assert "fix: set DATABASE_URL" in done.stderr

"""What a person hears who runs a command on a database that is not ready for it."""

import pytest
from conftest import MakeDatabase, Standing
from sqlalchemy import create_engine, text

from standing.database import LAST_REVISION
from standing.settings import Settings
from standing.upgrade.revisions import latest


@pytest.mark.parametrize("command", [("run",), ("status",), ("why", "user", "0" * 32)])
def test_a_database_that_is_not_upgraded_is_told_to_migrate(
    settings: Settings, standing: Standing, command: tuple[str, ...]
) -> None:
    empty = standing(settings, *command)
    assert empty.returncode == 4
    assert "'public' has no table users" in empty.stderr
    engine = create_engine(settings.database_url or "")
    with engine.begin() as connection:
        connection.execute(text("create table users (id uuid primary key, created_at timestamptz)"))
    engine.dispose()
    done = standing(settings, *command)
    assert done.returncode == 4
    assert "standing migrate" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_empty_database_cannot_be_upgraded_and_hears_what_is_missing(
    settings: Settings, standing: Standing
) -> None:
    done = standing(settings, "migrate")
    assert done.returncode == 4
    assert "users" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("table", ["orders", "reviews", "seller_profiles"])
def test_a_missing_table_stops_the_run_by_name_and_writes_nothing(
    make_database: MakeDatabase, prepared_template: str, standing: Standing, table: str
) -> None:
    settings = make_database(prepared_template)
    engine = create_engine(settings.database_url or "")
    with engine.begin() as connection:
        before = connection.scalar(
            text("select md5(string_agg(trust_score::text, '' order by id)) from users")
        )
        connection.execute(text(f"alter table {table} rename to elsewhere"))
    done = standing.inside(settings, "run")
    assert done.returncode == 3, done.stderr
    assert table in done.stderr
    assert "Traceback" not in done.stderr
    with engine.begin() as connection:
        after = connection.scalar(
            text("select md5(string_agg(trust_score::text, '' order by id)) from users")
        )
    engine.dispose()
    assert after == before


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

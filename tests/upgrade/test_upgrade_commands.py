"""preflight, migrate --dry-run, verify, backup and restore, as a person calls them."""

import json
import os
import re
from pathlib import Path

import pytest
from conftest import Standing
from sqlalchemy import Engine
from support import legacy

from standing.errors import StandingError
from standing.incremental.change_log import drain
from standing.incremental.observed import observe
from standing.settings import Settings
from standing.upgrade import backup as archive
from standing.upgrade.dry_run import plan
from standing.upgrade.migration import migrate
from standing.upgrade.preflight import go, preflight


def test_the_whole_way_from_preflight_to_rollback(
    settings: Settings, engine: Engine, tmp_path: Path, standing: Standing
) -> None:
    assert standing(settings, "preflight").returncode == 4
    legacy.fill(engine)
    before = legacy.dump(engine.url, "--schema-only")
    saved = standing.inside(settings, "backup", str(tmp_path / "before.dump"), "--check")
    assert "restores into an empty database: public" in saved.stdout, saved.stderr
    found = standing.inside(settings, "preflight", "--json", "--backup", str(tmp_path / "before.dump"))
    assert found.returncode == 0
    assert json.loads(found.stdout)["go"] is True
    assert 'add column "trust_score" jsonb' in standing.inside(settings, "migrate", "--dry-run").stdout
    assert legacy.dump(engine.url, "--schema-only") == before
    assert "upgraded" in standing.inside(settings, "migrate").stdout
    assert standing.inside(settings, "migrate").stdout == "nothing to do: the database is upgraded\n"
    unanswered = standing.inside(settings, "rollback")
    assert unanswered.returncode == 130
    assert "the question was not answered: nothing was changed; --yes does not ask" in unanswered.stderr
    assert standing.inside(settings, "rollback", "--yes").returncode == 0
    assert legacy.dump(engine.url, "--schema-only") == before


def test_verify_finds_what_is_wrong(settings: Settings, engine: Engine, standing: Standing) -> None:
    assert "standing migrate" in standing.inside(settings, "verify").stderr
    legacy.fill(engine)
    migrate(settings, engine)
    verified = standing.inside(settings, "verify", "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"""
            update users set preferences = preferences - 'theme' where id = '{legacy.IDS["whale"]}';
            update loyalty_programs set points_balance = 7 where user_id = '{legacy.IDS["rare"]}';
            update seller_profiles set tier_info = tier_info || '{{"tier_level": 5}}'
            where id = '{legacy.IDS["unrated"]}';
            delete from loyalty_programs where user_id = '{legacy.IDS["browser"]}';
            drop index standing_orders_buyer_id;
            """
        )
    verified = standing.inside(settings, "verify", "--json")
    assert verified.returncode == 3
    outcomes = json.loads(verified.stdout)["outcomes"]
    assert {one["expectation"]: one["unexpected"] for one in outcomes if not one["success"]} == {
        "users.preferences_has_every_key": 1,
        "every_ledger_equals_its_balance": 1,
        "every_seller_has_a_tier": 1,
        "every_member_from_before_has_a_programme": 1,
        "indexes_and_keys_are_there_and_valid": 1,
    }
    page = (settings.home / "reports" / "upgrade.html").read_text("utf-8")
    said = json.loads(verified.stdout)["result"]
    held = sum(one["success"] for one in outcomes)
    assert said.startswith(f"{held} of {held + 5} hold")
    assert f"<h1>{said}.</h1>" in page
    assert "Does not hold" in page
    assert not re.search("What changed|Timings|Rows set aside|run 0", page)
    assert said in (settings.home / "reports" / "index.html").read_text("utf-8")


def test_dry_run_is_what_migrate_then_does(settings: Settings, engine: Engine) -> None:
    legacy.fill(engine)
    planned = [step.name for step in plan(settings, engine)]
    done = migrate(settings, engine)
    last = [name for name in done.steps if name.startswith(("change log of", "the first terms"))]
    assert len(last) == 8
    assert planned == ["Standing's own schema", *done.steps[: -len(last)], *done.members, *last]
    assert plan(settings, engine) == []


def test_preflight_reports_what_a_run_would_set_aside(settings: Settings, engine: Engine) -> None:
    legacy.fill(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            """
            insert into reviews (rating) values (9), (0);
            update orders set created_at = '2999-01-01' where status = 'cancelled';
            create function f() returns trigger language plpgsql as 'begin return new; end';
            create trigger mine before update on users for each row execute function f();
            """
        )
    checks = preflight(settings, engine)
    said = " ".join(check.message for check in checks if check.state == "warning")
    assert "reviews: 2 with a rating outside 1 to 5" in said
    assert "orders: 50 created after the server's clock" in said
    assert "users.mine" in said
    assert go(checks)


def test_preflight_tells_a_role_what_it_lacks(settings: Settings, engine: Engine) -> None:
    from sqlalchemy import create_engine

    legacy.fill(engine)
    role = f"reader_{engine.url.database}"
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"create role {role} login; grant select on all tables in schema public to {role}"
        )
    reader = create_engine(engine.url.set(username=role))
    try:
        found = [check for check in preflight(settings, reader) if check.state == "no-go"]
    finally:
        reader.dispose()
        with engine.begin() as connection:
            connection.exec_driver_sql(f"drop owned by {role}; drop role {role}")
    assert {check.name for check in found} == {"may upgrade", "may run"}
    assert "own public.orders" in found[0].message
    assert "schema standing_build, which is not there yet" in found[1].message
    assert found[1].fix == f'create schema "standing_build" authorization "{role}"'


def test_restore_brings_everything_back(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    legacy.fill(engine)
    before = [legacy.dump(engine.url, "--schema-only"), legacy.rows(engine)]
    file = tmp_path / "before.dump"
    archive.backup(engine, file)
    migrate(settings, engine)
    with pytest.raises(StandingError, match="not empty: schema public, standing"):
        archive.restore(settings, engine, file)
    archive.restore(settings, engine, file, replace=True)
    assert [legacy.dump(engine.url, "--schema-only"), legacy.rows(engine)] == before


def test_restore_makes_no_table_another(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    legacy.fill(engine)
    migrate(settings, engine)
    with engine.begin() as connection:
        drain(connection, settings)
    archive.backup(engine, tmp_path / "after.dump")
    archive.restore(settings, engine, tmp_path / "after.dump", replace=True)
    with engine.begin() as connection:
        assert observe(connection, settings).rebuilt == ()


def test_a_cut_archive_restores_nothing(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    legacy.fill(engine)
    file = tmp_path / "cut.dump"
    size = archive.backup(engine, file)
    os.truncate(file, size - 900)
    before = legacy.rows(engine)
    with pytest.raises(StandingError):
        archive.check(engine, file)
    with pytest.raises(StandingError):
        archive.restore(settings, engine, file, replace=True)
    assert legacy.rows(engine) == before


def test_a_file_that_is_no_archive_is_refused(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("milk, eggs")
    with pytest.raises(StandingError, match="no archive"):
        archive.restore(settings, engine, file)
    with pytest.raises(StandingError, match="exists already"):
        archive.backup(engine, file)
    assert file.read_text() == "milk, eggs"

"""`standing status`, `preflight`, `migrate --dry-run` and `verify` show the change log."""

import json

import pytest
from conftest import MakeDatabase, Standing
from sqlalchemy import Engine, text
from support import legacy

from standing.contract.targets import TARGETS
from standing.database.connect import connect
from standing.settings import Settings
from standing.upgrade.migration import migrate, rollback


@pytest.fixture
def upgraded(make_database: MakeDatabase, prepared_template: str) -> Settings:
    return make_database(template=prepared_template)


def test_status_counts_waiting_rows_due_members_and_holds(
    make_database: MakeDatabase, published_template: str, standing: Standing
) -> None:
    published = make_database(published_template)
    with connect(published) as engine, engine.begin() as connection:
        connection.execute(
            text(
                "delete from standing.change_log;"
                "truncate standing.due, standing.member_state, standing.holds"
            )
        )
        connection.execute(
            text(
                "insert into standing.due (target, member_id)"
                " select 'trust_score', id from users order by id limit 3;"
                "insert into standing.due (target) values ('ratings');"
                "insert into standing.holds select 'trust_score', id, 1 from users order by id limit 2;"
                "insert into standing.member_state select 'behavior_score', id,"
                " now() - interval '1 hour', 1 from users order by id limit 5;"
                "update users set email_verified = not email_verified where id in (select id"
                " from users order by id limit 4);"
            )
        )
    found = json.loads(standing.told(published, "status", "--json"))["change_log"]
    assert (found["waiting"], found["problems"]) == (4, [])
    targets = {one["target"]: (one["due"], one["held"]) for one in found["targets"]}
    # A run of the scores builds everybody for one of them, as its plan says; of the others some are due, of
    # the three of the trust score the one whom no undo holds.
    assert targets == {
        "trust_score": (1, 2),
        "behavior_score": (5, 0),
        "gamification": (0, 0),
        "ratings": (None, 0),
        "performance": (0, 0),
        "tier_info": (0, 0),
        "points": (0, 0),
        "loyalty_tier": (0, 0),
    }
    builds = {one["selection"]: one["builds"] for one in found["plans"]}
    because = "everybody, 300 members and 10 shops: everything in a source may have changed"
    concerned = "those whom the waiting rows concern"
    assert builds == {"all": because, "scores": because, "tiers": concerned, "points": concerned}
    assert found["holds"] == [{"run_id": 1, "documents": 2, "members": 0, "reason": ""}]
    with connect(published) as engine, engine.begin() as connection:
        connection.execute(text("delete from standing.due where member_id is null"))
    found = json.loads(standing.told(published, "status", "--json"))["change_log"]
    targets = {one["target"]: one["due"] for one in found["targets"]}
    assert (targets["trust_score"], targets["behavior_score"], targets["ratings"]) == (1, 5, 0)
    with connect(published) as engine, engine.begin() as connection:
        connection.execute(text("alter table orders disable trigger standing_log_insert"))
    shown = standing.told(published, "status")
    assert (
        "change log: 4 rows wait and are not among the due yet; triggers on users, seller_profiles, reviews"
        in shown
    )
    assert "standing_log_insert on orders is disabled: runs are full until `standing migrate`" in shown
    assert shown.count("everybody due") == len(TARGETS)
    assert "held: run 1 was undone: 2 documents held as they were before it" in shown
    assert "to do: the change log is not complete\n  standing migrate\n" in shown
    assert "to do: an undo holds 2 documents\n  standing resume 1\n" in shown
    assert "deployments: not served from here: make up\nnext runs: no Prefect server answers\n" in shown
    with connect(published) as engine, engine.begin() as connection:
        connection.execute(text("alter table payouts disable trigger all"))
    shown = standing.told(published, "status")
    assert "triggers on orders, payouts are missing, off or not as they should be: runs are full" in shown
    assert shown.count("runs are full until `standing migrate`") == 1
    off = standing.told(published, "status", STANDING_CHANGE_LOG="false")
    assert "change log: off, so every run is a full one" in off


def test_table_without_any_trigger_is_one_line(upgraded: Settings, standing: Standing) -> None:
    with connect(upgraded) as engine, engine.begin() as connection:
        for event in ("insert", "update", "delete", "truncate"):
            connection.execute(text(f"drop trigger standing_log_{event} on orders"))
    found = json.loads(standing.told(upgraded, "status", "--json"))["change_log"]
    assert found["problems"] == ["orders has no trigger of the change log"]


def test_preflight_says_what_will_be_and_what_is_followed(
    settings: Settings, engine: Engine, standing: Standing
) -> None:
    legacy.fill(engine)
    assert (
        "triggers will log whose data changes, on users, seller_profiles"
        in standing.inside(settings, "preflight").stdout
    )
    migrate(settings, engine)
    assert (
        "follows users, seller_profiles, orders, reviews, products, referred_users"
        in standing.inside(settings, "preflight").stdout
    )
    with engine.begin() as connection:
        connection.execute(text("alter table users disable trigger standing_log_update"))
    assert "standing_log_update on users is disabled" in standing.inside(settings, "preflight").stdout

    # Without the log they are there until something drops them.
    off = {"STANDING_CHANGE_LOG": "false"}
    said = standing.inside(settings, "preflight", **off).stdout
    assert "no triggers" not in said
    assert (
        "triggers are still on orders, points_transactions, products, referred_users, reviews,"
        " seller_profiles, users\n"
        "    standing migrate drops them\n" in said
    )
    standing.told(settings, "migrate", **off)
    said = standing.inside(settings, "preflight", **off).stdout
    assert "every run is a full one, and there are no triggers" in said
    assert "standing migrate drops them" not in said


@pytest.mark.parametrize("was_on", [True, False])
def test_preflight_counts_the_steps_that_migrate_takes_when_the_setting_has_changed(
    make_database: MakeDatabase, standing: Standing, was_on: bool
) -> None:
    settings = make_database(STANDING_CHANGE_LOG=was_on)
    with connect(settings) as engine:
        legacy.fill(engine)
        migrate(settings, engine)
    changed = {"STANDING_CHANGE_LOG": str(not was_on).lower()}
    said = standing.told(settings, "preflight", **changed)
    steps = standing.told(settings, "migrate", **changed).splitlines()[0].removeprefix("upgraded: ")
    assert f"upgrade: was done; `standing migrate` has {steps} to take since\n" in said
    assert "nothing to do" not in said
    said = standing.told(settings, "preflight", **changed)
    assert "upgrade: is done: `standing migrate` would find nothing to do\n" in said


def test_preflight_of_an_upgraded_database_that_is_unfit_says_that_migrate_refuses(
    upgraded: Settings, standing: Standing
) -> None:
    with connect(upgraded) as engine, engine.begin() as connection:
        connection.execute(text("alter table reviews rename to elsewhere"))
    done = standing.inside(upgraded, "preflight")
    assert done.returncode == 4
    assert "upgrade: was done; `standing migrate` refuses until what is no-go is mended\n" in done.stdout
    assert standing.inside(upgraded, "migrate").returncode == 4


def test_verify_fails_on_a_disabled_trigger(settings: Settings, engine: Engine, standing: Standing) -> None:
    legacy.fill(engine)
    migrate(settings, engine)
    with engine.begin() as connection:
        connection.execute(text("alter table users disable trigger standing_log_update"))
    done = standing.inside(settings, "verify")
    assert done.returncode == 3
    assert "triggers_of_the_change_log_are_there_and_enabled" in done.stdout
    migrate(settings, engine)
    assert standing.inside(settings, "verify").returncode == 0


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize("schema", ["public", "Shop Data"])
def test_rollback_takes_the_change_log_back_exactly(
    make_database: MakeDatabase, on: bool, schema: str
) -> None:
    settings = make_database(STANDING_CHANGE_LOG=on, STANDING_APPLICATION_SCHEMA=schema)
    with connect(settings) as engine:
        legacy.fill(engine, schema)
        before = legacy.dump(engine.url, "--schema-only")
        migrate(settings, engine)
        assert ("standing_log_insert" in legacy.dump(engine.url, "--schema-only")) == on
        rollback(settings, engine)
        assert legacy.dump(engine.url, "--schema-only") == before


def test_an_upgrade_that_ended_before_the_change_log_goes_on_with_it(
    settings: Settings, engine: Engine
) -> None:
    legacy.fill(engine)
    before = legacy.dump(engine.url, "--schema-only")
    migrate(settings, engine)
    fresh = legacy.dump(engine.url, "--schema-only")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "drop function standing.log_users, standing.log_seller_profiles, standing.log_orders,"
            " standing.log_reviews, standing.log_products, standing.log_referred_users,"
            " standing.log_truncate"
            " cascade;"
            "delete from standing.upgrade_ledger where kind in ('trigger', 'function');"
            "update standing.alembic_version set version_num = 'backfill'"
        )
    assert "change log of orders" in migrate(settings, engine).steps
    assert legacy.dump(engine.url, "--schema-only") == fresh
    rollback(settings, engine)
    assert legacy.dump(engine.url, "--schema-only") == before

"""What a database has after `standing rollback`."""

from sqlalchemy import Engine, text
from support import legacy

from standing.database.owners import create_table, driver, open_schema
from standing.settings import Settings
from standing.sql import quoted
from standing.upgrade.migration import migrate, rollback


def test_rollback_leaves_schema_and_data_as_they_were(settings: Settings, engine: Engine) -> None:
    legacy.fill(engine)
    schema = legacy.dump(engine.url, "--schema-only")
    data = legacy.dump(engine.url, "--data-only", "--inserts")
    migrate(settings, engine)
    with engine.begin() as connection:
        open_schema(driver(connection), settings.build_schema)
        create_table(connection, quoted(settings.build_schema, "t"), "(x int)")
    rollback(settings, engine)
    assert legacy.dump(engine.url, "--schema-only") == schema
    assert sorted(legacy.dump(engine.url, "--data-only", "--inserts").splitlines()) == sorted(
        data.splitlines()
    )


def test_what_was_there_before_stays(settings: Settings, engine: Engine) -> None:
    legacy.fill(engine)
    with engine.begin() as connection:
        connection.execute(text("alter table users add column kyc_status varchar(50) default 'mine'"))
        connection.execute(text("create index mine on orders (buyer_id, created_at)"))
        connection.execute(text("create table collections (id uuid primary key, user_id uuid, name text)"))
    before = legacy.dump(engine.url, "--schema-only")
    migrate(settings, engine)
    assert legacy.dump(engine.url, "--schema-only") != before
    rollback(settings, engine)
    assert legacy.dump(engine.url, "--schema-only") == before

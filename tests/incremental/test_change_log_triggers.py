"""What triggers leave in the change log, table by table, and what keeps them complete."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import MakeDatabase
from sqlalchemy import Connection, Engine, text

from standing.contract.application import SOURCES
from standing.contract.sources import LOG_KEYS
from standing.contract.targets import TARGETS
from standing.database.connect import connect
from standing.incremental.change_log import drain, log_size
from standing.incremental.concerned import NARROW
from standing.incremental.observed import observe
from standing.settings import Settings
from standing.upgrade.migration import migrate

#: Two of each, from the simulated marketplace.
CAST = """
select
    (select array_agg(id) from (select id from users order by id limit 2) as t) as users,
    (select array_agg(id) from (select id from seller_profiles order by id limit 2) as t) as sellers,
    (select array_agg(id) from (select id from orders order by id limit 2) as t) as orders,
    (
        select array_agg(thread_id) from (select distinct thread_id from messages order by 1 limit 2) as t
    ) as threads
"""

#: Table → its key columns of a new row, by the kind of the member.
ROWS = {
    "orders": {"buyer_id": "users", "seller_id": "sellers"},
    "reviews": {"order_id": "orders", "seller_id": "sellers", "reviewer_id": "users"},
    "products": {"seller_id": "sellers"},
    "messages": {"thread_id": "threads", "sender_id": "users", "recipient_id": "users"},
    "disputes": {"order_id": "orders"},
    "returns": {"order_id": "orders"},
    "user_sessions": {"user_id": "users"},
    "user_reports": {"user_id": "users"},
    "user_warnings": {"user_id": "users"},
    "payouts": {"seller_id": "sellers"},
    "order_exclusions": {"order_id": "orders"},
    "referred_users": {"referrer_id": "users", "referee_id": "users"},
    "points_transactions": {"user_id": "users"},
}
REST = {
    "reviews": {"rating": 5},
    "payouts": {"amount": 7},
    "order_exclusions": {"reason": "flood"},
    "points_transactions": {
        "type": "bonus",
        "amount": 5,
        "balance_after": 5,
        "source": "birthday",
        "description": "A birthday",
    },
}
KINDS = {"user_id": "users", "seller_id": "sellers", "order_id": "orders", "thread_id": "threads"}
Cast = dict[str, list[Any]]


@pytest.fixture
def settings(make_database: MakeDatabase, upgraded_template: str) -> Settings:
    return make_database(template=upgraded_template)


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    with connect(settings) as engine:
        with engine.begin() as connection:
            connection.execute(text("delete from standing.change_log"))
        yield engine


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        yield connection


@pytest.fixture
def cast(engine: Engine) -> Cast:
    with engine.connect() as connection:
        return dict(connection.execute(text(CAST)).mappings().one())


def taken(connection: Connection) -> dict[str, set[Any]]:
    """Kind of member → keys in the log, which is empty then."""
    found = connection.execute(
        text(f"delete from standing.change_log returning {', '.join(LOG_KEYS)}")
    ).all()
    return {
        KINDS[key]: keys
        for number, key in enumerate(LOG_KEYS)
        if key in KINDS and (keys := {row[number] for row in found} - {None})
    }


def insert(connection: Connection, table: str, cast: Cast, which: int) -> Any:
    values = {column: cast[kind][which] for column, kind in ROWS[table].items()}
    if "recipient_id" in values:
        values["recipient_id"] = cast["users"][1 - which]
    values |= REST.get(table, {})
    names, holders = ", ".join(values), ", ".join(f":{name}" for name in values)
    statement = f"insert into {table} ({names}) values ({holders}) returning id"
    return connection.execute(text(statement), values).scalar_one()


def concerned(table: str, cast: Cast, which: int) -> dict[str, set[Any]]:
    members: dict[str, set[Any]] = {}
    for kind in ROWS[table].values():
        members.setdefault(kind, set()).add(cast[kind][which])
    return members


@pytest.mark.parametrize("table", ROWS)
def test_new_changed_and_deleted_rows_are_logged(connection: Connection, cast: Cast, table: str) -> None:
    new = insert(connection, table, cast, 0)
    expected = concerned(table, cast, 0)
    logged = taken(connection)
    if table == "orders":
        assert logged.pop("orders") == {new}
    assert logged == expected

    for column, kind in ROWS[table].items():
        before = connection.execute(text(f"select {column} from {table} where id = :id"), {"id": new})
        moved = {before.scalar_one(), cast[kind][1]}
        connection.execute(
            text(f"update {table} set {column} = :other where id = :id"),
            {"other": cast[kind][1], "id": new},
        )
        assert moved <= taken(connection)[kind], column
    connection.execute(text(f"delete from {table} where id = :id"), {"id": new})
    logged = taken(connection)
    assert all(members <= logged[kind] for kind, members in concerned(table, cast, 1).items())


@pytest.mark.parametrize("table", [source.table for source in SOURCES if source.members])
def test_truncated_table_concerns_everybody(connection: Connection, settings: Settings, table: str) -> None:
    connection.execute(text(f"truncate {table} cascade"))
    assert drain(connection, settings) == len(NARROW.get(table, TARGETS))
    assert connection.scalars(text("select distinct member_id from standing.due")).all() == [None]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("created_at", "'2024-01-01'"),
        ("last_login_at", "now()"),
        ("email_verified", "not email_verified"),
        ("kyc_status", "'verified'"),
        ("security_settings", """security_settings || '{"is_banned": true}'"""),
    ],
)
def test_change_of_a_user_is_logged(connection: Connection, cast: Cast, column: str, value: str) -> None:
    user = cast["users"][0]
    connection.execute(text(f"update users set {column} = {value} where id = :id"), {"id": user})
    logged = connection.execute(
        text("select user_id, affects_counterparties from standing.change_log")
    ).all()
    assert logged == [(user, column == "created_at")]


def test_column_that_a_trigger_of_the_application_writes_is_logged(
    connection: Connection, cast: Cast
) -> None:
    for statement in (
        "alter table users add column note text",
        "create function public.approve() returns trigger language plpgsql as"
        " $$ begin new.kyc_status := 'verified'; return new; end $$",
        "create trigger approve before update on users for each row when (new.note = 'ok')"
        " execute function public.approve()",
    ):
        connection.execute(text(statement))
    user = cast["users"][0]
    connection.execute(text("update users set kyc_status = 'none' where id = :id"), {"id": user})
    connection.execute(text("delete from standing.change_log"))
    connection.execute(text("update users set note = 'ok' where id = :id"), {"id": user})
    assert connection.scalars(text("select user_id from standing.change_log")).all() == [user]


def test_update_trigger_of_an_older_version_is_noticed_and_mended(
    engine: Engine, settings: Settings
) -> None:
    with engine.begin() as connection:
        older = (
            "create or replace trigger standing_log_update after update of kyc_status on users for each row"
        )
        connection.execute(text(f"{older} execute function standing.log_users()"))
    with engine.connect() as connection:
        assert not observe(connection, settings).log
    migrate(settings, engine)
    with engine.connect() as connection:
        columns = (
            "select tgattr::text from pg_trigger"
            " where tgname = 'standing_log_update' and tgrelid = 'users'::regclass"
        )
        assert connection.scalar(text(columns)) == ""


def test_shop_that_changes_hands_concerns_both_persons(connection: Connection, cast: Cast) -> None:
    connection.execute(text("alter table seller_profiles drop constraint seller_profiles_user_id_key"))
    shop = cast["sellers"][0]
    before = connection.execute(text("select user_id from seller_profiles where id = :id"), {"id": shop})
    persons = {before.scalar_one(), cast["users"][1]}
    connection.execute(
        text("update seller_profiles set user_id = :user where id = :id"),
        {"user": cast["users"][1], "id": shop},
    )
    assert connection.scalars(
        text("select distinct affects_counterparties from standing.change_log")
    ).all() == [True]
    assert taken(connection) == {"users": persons, "sellers": {shop}}


@pytest.mark.parametrize("table", ["users", "seller_profiles"])
def test_members_who_come_and_go_are_wide(connection: Connection, table: str) -> None:
    connection.execute(text(f"insert into {table} (id) values (gen_random_uuid())"))
    connection.execute(
        text(
            f"delete from {table} where id in (select coalesce(user_id, seller_id)"
            " from standing.change_log)"
        )
    )
    assert connection.scalars(text("select affects_counterparties from standing.change_log")).all() == [
        True,
        True,
    ]


def test_published_documents_are_not_logged(connection: Connection) -> None:
    connection.execute(
        text("update users set trust_score = '{}', behavior_score = '{}', gamification = '{}'")
    )
    connection.execute(
        text("update seller_profiles set ratings = '{}', performance = '{}', tier_info = '{}'")
    )
    assert log_size(connection) == 0


def test_user_column_set_to_the_value_it_has_is_not_logged(connection: Connection) -> None:
    connection.execute(text("update users set last_login_at = last_login_at, kyc_status = kyc_status"))
    assert log_size(connection) == 0


def test_bulk_insert_logs_every_row(connection: Connection) -> None:
    connection.execute(
        text("insert into orders (buyer_id, seller_id) select buyer_id, seller_id from orders")
    )
    logged = taken(connection)
    assert len(logged["orders"]) * 2 == connection.scalar(text("select count(*) from orders"))
    assert logged["users"] == set(connection.scalars(text("select buyer_id from orders")))


def test_cascaded_delete_is_logged(connection: Connection, cast: Cast) -> None:
    insert(connection, "referred_users", cast, 0)
    user = connection.execute(text("insert into users default values returning id")).scalar_one()
    connection.execute(text("update referred_users set referrer_id = :user"), {"user": user})
    taken(connection)
    connection.execute(text("delete from users where id = :user"), {"user": user})
    assert taken(connection)["users"] == {user, cast["users"][0]}


def test_change_that_is_open_while_the_log_is_drained_is_not_lost(
    engine: Engine, connection: Connection, settings: Settings, cast: Cast
) -> None:
    with engine.connect() as application:
        insert(application, "user_sessions", cast, 0)
        with engine.begin() as run:
            insert(run, "user_warnings", cast, 1)
            drain(run, settings)
        application.commit()
    assert taken(connection)["users"] == {cast["users"][0]}


def test_writers_do_not_wait_for_the_drain(engine: Engine, settings: Settings, cast: Cast) -> None:
    with engine.begin() as run:
        run.execute(text("insert into standing.change_log (source) values ('x')"))
        drain(run, settings)

        def write() -> None:
            with engine.begin() as application:
                application.execute(text("set local lock_timeout = '5s'"))
                insert(application, "user_sessions", cast, 0)

        writer = threading.Thread(target=write)
        writer.start()
        writer.join(600)
        assert not writer.is_alive()
    with engine.connect() as connection:
        assert log_size(connection) == 1


def test_role_without_rights_on_our_schema_can_write(
    engine: Engine, connection: Connection, cast: Cast
) -> None:
    role = f"application_{engine.url.database}"
    connection.execute(text(f"create role {role}"))
    for table in ROWS:
        connection.execute(text(f"grant select, insert, update, delete, truncate on {table} to {role}"))
    connection.execute(text(f"set role {role}"))
    refused = connection.begin_nested()
    with pytest.raises(Exception, match="permission denied for schema standing"):
        connection.execute(text("select from standing.change_log"))
    refused.rollback()
    for table in ROWS:
        new = insert(connection, table, cast, 0)
        connection.execute(text(f"update {table} set id = id where id = :id"), {"id": new})
        connection.execute(text(f"delete from {table} where id = :id"), {"id": new})
    connection.execute(text("truncate user_sessions"))
    connection.execute(text("reset role"))
    assert log_size(connection) > 3 * len(ROWS)
    connection.rollback()


def test_search_path_of_the_application_leads_nowhere_else(connection: Connection, cast: Cast) -> None:
    connection.execute(text("create schema evil"))
    connection.execute(text("create table evil.change_log (source text, user_id uuid)"))
    connection.execute(text("create temporary table change_log (source text, user_id uuid)"))
    connection.execute(text("create temporary table new_rows (user_id uuid)"))
    connection.execute(text("set local search_path = evil, pg_temp, public"))
    insert(connection, "user_sessions", cast, 0)
    assert taken(connection)["users"] == {cast["users"][0]}


#: Nothing differs, nothing is an insert, no text looks like a key, and each of these tells.
FALSE_FRIENDS = """
create schema evil;
create function evil.betray() returns boolean language plpgsql as
$$ begin raise exception 'it ran as %', current_user; end $$;
create function evil.same(text, text) returns boolean language sql as 'select evil.betray()';
create function evil.same(uuid, uuid) returns boolean language sql as 'select evil.betray()';
create function evil.same(record, record) returns boolean language plpgsql
    as 'begin return evil.betray(); end';
create operator evil.= (leftarg = text, rightarg = text, function = evil.same);
create operator evil.~ (leftarg = text, rightarg = text, function = evil.same);
create operator evil.= (leftarg = uuid, rightarg = uuid, function = evil.same);
create operator evil.*= (leftarg = record, rightarg = record, function = evil.same);
create domain evil.uuid as pg_catalog.uuid check (evil.betray());
create domain evil.text as pg_catalog.text check (evil.betray());
create domain evil.record as pg_catalog.text check (evil.betray());
"""


def test_operators_and_types_of_the_application_are_not_taken_for_ours(
    engine: Engine, connection: Connection, settings: Settings, cast: Cast
) -> None:
    user, shop = cast["users"][0], cast["sellers"][0]
    with engine.begin() as application:
        application.execute(text("alter table user_warnings drop constraint user_warnings_user_id_fkey"))
        application.execute(text("alter table user_warnings alter column user_id type text"))
    migrate(settings, engine)
    connection.exec_driver_sql(FALSE_FRIENDS.replace("%", "%%"))
    connection.execute(text("set local search_path = evil, pg_catalog, public"))
    with pytest.raises(Exception, match="it ran as"), connection.begin_nested():
        connection.execute(text("select 'a'::pg_catalog.text = 'a'"))
    for statement in (
        f"insert into user_warnings (id, user_id) values (gen_random_uuid(), '{user}')",
        f"update users set last_login_at = now() where id operator(pg_catalog.=) '{user}'",
        f"update seller_profiles set user_id = null where id operator(pg_catalog.=) '{shop}'",
        "update orders set total_amount = 1",
        "delete from user_warnings",
    ):
        connection.execute(text("delete from standing.change_log"))
        connection.execute(text(statement))
        assert log_size(connection) > 0, statement


def test_session_that_switches_triggers_off_by_role_is_logged_still(
    connection: Connection, cast: Cast
) -> None:
    connection.execute(text("set local session_replication_role = replica"))
    insert(connection, "user_sessions", cast, 0)
    assert log_size(connection) == 1


def test_disabled_or_dropped_trigger_is_noticed_and_mended(engine: Engine, settings: Settings) -> None:
    with engine.begin() as connection:
        assert observe(connection, settings).log
        connection.execute(text("alter table orders disable trigger standing_log_update"))
        found = observe(connection, settings).log
        assert not found
        assert found.reason == "trigger standing_log_update on orders is disabled"
        # Enabled as triggers usually are: what happened meanwhile was not logged, nor will be what a
        # replica's session does.
        connection.execute(text("alter table orders enable trigger standing_log_update"))
        assert observe(connection, settings).log.reason == (
            "trigger standing_log_update on orders is not always enabled"
        )
        connection.execute(text("drop trigger standing_log_delete on users"))
        assert observe(connection, settings).log.reason.endswith("and 1 more")
        connection.execute(text("delete from standing.change_log"))
    assert migrate(settings, engine).steps == ["change log of users", "change log of orders"]
    with engine.begin() as connection:
        assert observe(connection, settings).log
        assert drain(connection, settings) == len(TARGETS)
    assert migrate(settings, engine).nothing


def test_run_after_the_one_that_missed_a_trigger_is_for_everybody_too(
    engine: Engine, settings: Settings
) -> None:
    with engine.begin() as connection:
        connection.execute(text("alter table orders disable trigger standing_log_update"))
        drain(connection, settings)
        connection.execute(text("update orders set status = 'completed'"))
        connection.execute(text("alter table orders enable always trigger standing_log_update"))
        assert observe(connection, settings).log
        connection.execute(text("delete from standing.due"))
        assert drain(connection, settings) == len(TARGETS)
        assert drain(connection, settings) == 0


def test_table_that_comes_later_is_followed_after_the_next_migrate(
    engine: Engine, settings: Settings, cast: Cast
) -> None:
    with engine.begin() as connection:
        connection.execute(text("drop table user_warnings"))
        assert observe(connection, settings).log
        connection.execute(
            text(
                "create table user_warnings (id serial, user_id text, created_at timestamptz, outcome text)"
            )
        )
        assert observe(connection, settings).log.problems
    assert "change log of user_warnings" in migrate(settings, engine).steps
    with engine.begin() as connection:
        connection.execute(text("delete from standing.change_log"))
        insert_text = text("insert into user_warnings (user_id) values (:user), ('nobody'), (null)")
        connection.execute(insert_text, {"user": str(cast["users"][0]).upper()})
        assert taken(connection) == {"users": {cast["users"][0]}}


def test_view_in_place_of_a_table_cannot_be_followed(connection: Connection, settings: Settings) -> None:
    connection.execute(text("alter table user_reports rename to old_reports"))
    connection.execute(text("create view user_reports as select * from old_reports"))
    assert observe(connection, settings).log.unfollowed == (
        "user_reports is a view, whose changes cannot be logged",
    )


def test_without_the_setting_there_are_no_triggers_and_with_it_again_everybody_is_due(
    make_database: MakeDatabase, upgraded_template: str
) -> None:
    on = make_database(template=upgraded_template)
    off = on.model_copy(update={"change_log": False})
    triggers = text("select count(*) from pg_trigger where tgname like 'standing_log_%'")
    with connect(off) as engine:
        with engine.begin() as connection:
            connection.execute(text("insert into standing.change_log (source) values ('x')"))
        assert "drop the change log" in migrate(off, engine).steps
        assert migrate(off, engine).nothing
        with engine.begin() as connection:
            assert connection.scalar(triggers) == 0
            assert log_size(connection) == 0
            assert not observe(connection, off).log
            assert not observe(connection, on).log
            connection.execute(text("update orders set status = 'completed'"))
            assert drain(connection, off) == 0
        migrate(on, engine)
        with engine.begin() as connection:
            assert observe(connection, on).log
            assert drain(connection, on) == len(TARGETS)


def test_reviews_that_may_have_one_key_twice_concern_each_other(
    engine: Engine, settings: Settings, cast: Cast
) -> None:
    with engine.begin() as connection:
        connection.execute(text("alter table reviews drop constraint reviews_pkey"))
    migrate(settings, engine)
    with engine.begin() as connection:
        connection.execute(text("delete from standing.change_log"))
        first = insert(connection, "reviews", cast, 0)
        taken(connection)
        connection.execute(
            text("insert into reviews (id, seller_id, rating) values (:id, :seller, 1)"),
            {"id": first, "seller": cast["sellers"][1]},
        )
        drain(connection, settings)
        due = set(connection.scalars(text("select member_id from standing.due")))
        assert {cast["users"][0], cast["sellers"][0], cast["sellers"][1]} <= due


PARTITIONED = """
alter table messages rename to old_messages;
create table messages (like old_messages including defaults) partition by range (sent_at);
create schema "Archive";
create table "Archive"."Messages of 2025" partition of messages
    for values from (minvalue) to ('2026-01-01');
create table messages_now partition of messages for values from ('2026-01-01') to (maxvalue);
insert into messages select * from old_messages;
drop table old_messages;
"""


def test_partitions_are_followed_whichever_way_they_are_written(
    engine: Engine, settings: Settings, cast: Cast
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(PARTITIONED)
    migrate(settings, engine)
    assert migrate(settings, engine).nothing
    with engine.begin() as connection:
        assert observe(connection, settings).log
        taken(connection)
        new = insert(connection, "messages", cast, 0)
        assert taken(connection) == {"threads": {cast["threads"][0]}, "users": {cast["users"][0]}}
        connection.execute(text("update messages set sent_at = '2025-05-05' where id = :id"), {"id": new})
        assert taken(connection)["threads"] == {cast["threads"][0]}
        direct = text('update "Archive"."Messages of 2025" set thread_id = :other where id = :id')
        connection.execute(direct, {"other": cast["threads"][1], "id": new})
        assert taken(connection)["threads"] == set(cast["threads"])
        connection.execute(text("truncate messages_now"))
        assert drain(connection, settings) == len(TARGETS)
        connection.execute(text("alter table messages detach partition messages_now"))
        assert "messages_now has changed its place" in observe(connection, settings).log.reason
    assert migrate(settings, engine).steps == ["drop trigger standing_log_truncate of messages_now"]
    with engine.begin() as connection:
        assert observe(connection, settings).log
        connection.execute(text("delete from standing.due"))
        assert drain(connection, settings) == len(TARGETS)

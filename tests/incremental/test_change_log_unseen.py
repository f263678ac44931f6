"""What triggers do not see by themselves: it is followed all the same, or the run is full and says why."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from conftest import MakeDatabase
from sqlalchemy import Connection, Engine, text
from support.changes import do, follow, logged

from standing.contract.targets import TARGETS
from standing.database.connect import connect
from standing.database.owners import driver
from standing.database.schemas import read_application
from standing.errors import NotUpgraded, UnfitDatabase
from standing.incremental.change_log import drain
from standing.incremental.filled import found_lost, require_filled
from standing.incremental.observed import BuildRequest, observe
from standing.settings import Settings
from standing.state.upgraded import require_upgraded


@pytest.fixture(scope="module")
def settings(module_database: Callable[[str], Settings], upgraded_template: str) -> Settings:
    """One database for all of these tests, which take back what they do."""
    return module_database(upgraded_template)


@pytest.fixture(scope="module")
def engine(settings: Settings) -> Iterator[Engine]:
    with connect(settings) as engine:
        with engine.begin() as connection:  # the log is empty, and the tables have been seen
            drain(connection, settings)
            connection.execute(text("delete from standing.due"))
        yield engine


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection


def is_at_least(connection: Connection, version: int) -> bool:
    return int(connection.scalar(text("show server_version_num"))) >= version * 10_000


ASKED = BuildRequest(9, datetime(2026, 1, 1, tzinfo=UTC), ())
NEW = "00000000-0000-4000-8000-00000000000a"
CHILD = f"""
insert into orders_2027 (id, buyer_id, seller_id)
select '{NEW}', buyer_id, seller_id from orders order by id limit 1"""
CHILDREN = """
create schema "Old";
create table orders_2027 () inherits (orders);
create table "Old".orders_2027_01 () inherits (orders_2027)
"""
#: What makes tables that are followed row by row → statements, each of which has to log the order NEW.
TREES = {
    "child": (
        CHILDREN,
        CHILD,
        "update orders_2027 set status = 'cancelled'",
        f"update orders set status = 'completed' where id = '{NEW}'",
        "delete from orders_2027",
    ),
    "grandchild": (
        CHILDREN,
        CHILD.replace("orders_2027", '"Old".orders_2027_01'),
        "update orders_2027 set status = 'cancelled'",
        'update "Old".orders_2027_01 set refunded_amount = 1',
        f"delete from orders where id = '{NEW}'",
    ),
    "child of another table, too": (
        "create table signed (signature text); create table orders_2027 () inherits (orders, signed)",
        CHILD,
        "update signed set signature = 'x'; update orders_2027 set status = 'cancelled'",
        "delete from signed",
    ),
    "parent": (
        "create schema docs; create table docs.documents (id uuid, status text not null);"
        "alter table orders inherit docs.documents",
        CHILD.replace("orders_2027", "orders"),
        f"update docs.documents set status = 'cancelled' where id = '{NEW}'",
        f"delete from docs.documents where id = '{NEW}'",
    ),
}


@pytest.mark.parametrize("tree", TREES)
def test_tables_that_inherit_are_followed_whichever_is_named(
    connection: Connection, settings: Settings, tree: str
) -> None:
    made, *statements = TREES[tree]
    do(connection, made)
    assert not observe(connection, settings).log
    follow(connection, settings)
    assert observe(connection, settings).log
    for statement in statements:
        do(connection, statement)
        assert ("orders", NEW) in logged(connection), statement


def test_emptied_child_concerns_everybody(connection: Connection, settings: Settings) -> None:
    do(connection, CHILDREN)
    follow(connection, settings)
    do(connection, "truncate orders_2027")
    assert drain(connection, settings) == len(TARGETS)


#: A virtual column in the place of a stored one, how it is followed, and what a change of its part is.
VIRTUAL = """
alter table users drop column email_verified, add column email_verified_at timestamptz;
alter table users
    add column email_verified boolean generated always as (email_verified_at is not null) virtual
"""


def test_virtual_column_is_followed_by_what_it_is_made_of(
    connection: Connection, settings: Settings
) -> None:
    if not is_at_least(connection, 18):
        pytest.skip("virtual columns came with PostgreSQL 18")
    do(connection, VIRTUAL)
    follow(connection, settings)
    assert observe(connection, settings).log
    do(connection, f"insert into users (id) values ('{NEW}')")
    logged(connection)
    do(connection, f"update users set email_verified_at = now() where id = '{NEW}'")
    assert logged(connection) == {("users", NEW)}
    do(connection, f"update users set display_name = 'x', trust_score = '{{}}' where id = '{NEW}'")
    assert logged(connection) == set()
    do(
        connection,
        "alter table payouts drop column seller_id, add column owner uuid;"
        "alter table payouts add column seller_id uuid generated always as (owner) virtual",
    )
    follow(connection, settings)
    assert observe(connection, settings).log.unfollowed == (
        "payouts.seller_id is a virtual column, which no trigger sees",
    )


#: What the application may do to the tables → what is said of it.
NAMED = {
    "alter table orders disable trigger all": "trigger standing_log_delete on orders is disabled",
    "alter table users disable trigger user; alter table users enable trigger user": "is not always",
    "alter table payouts rename to old; create table payouts (like old)": "has changed its place",
    "drop table payouts; create table payouts (seller_id uuid, amount int)": "payouts has no trigger",
    "create table more () inherits (payouts)": "is for each statement, and would have to be for each row",
    "alter table user_reports set unlogged": "user_reports is unlogged: a crash empties it",
    "alter table payouts rename column seller_id to seller": "payouts has changed its place",
    "alter table user_sessions drop constraint user_sessions_user_id_fkey, alter user_id type text": (
        "function log_user_sessions is not as it should be"
    ),
    "create foreign data wrapper f; create server s foreign data wrapper f;"
    " create foreign table far () inherits (payouts) server s": "far is on another server",
    "alter table user_warnings inherit user_reports": "user_warnings belongs to user_reports and to",
}


@pytest.mark.parametrize("statements", NAMED)
def test_what_is_not_logged_is_named(connection: Connection, settings: Settings, statements: str) -> None:
    do(connection, statements)
    log = observe(connection, settings).log
    assert not log
    assert any(NAMED[statements] in phrase for phrase in (*log.unfollowed, *log.problems)), log


#: What is made first, and drained; what no trigger sees after it; the source that is named then.
UNSEEN = {
    "child dropped": (CHILDREN + ";" + CHILD, 'drop table "Old".orders_2027_01', "orders"),
    "partition dropped": (
        "alter table payouts rename to old; create table payouts (like old) partition by list (status);"
        "create table paid partition of payouts for values in ('paid');"
        "drop table old",
        "drop table paid",
        "payouts",
    ),
    "partition that came back": (
        "alter table payouts rename to old; create table payouts (like old) partition by list (status);"
        "create table paid partition of payouts for values in ('paid'); drop table old",
        "alter table payouts detach partition paid; delete from paid;"
        " alter table payouts attach partition paid for values in ('paid')",
        "payouts",
    ),
    "rewritten": (
        "",
        "alter table orders alter column total_amount type numeric using total_amount * 2",
        "orders",
    ),
    "column made anew": ("", "alter table orders drop paid_at, add paid_at timestamptz", "orders"),
    "columns exchanged": (
        "",
        "alter table orders rename shipped_at to x; alter table orders rename delivered_at to shipped_at;"
        "alter table orders rename x to delivered_at",
        "orders",
    ),
    "label renamed": (
        "create type outcome as enum ('lost', 'won');"
        "alter table user_reports alter column outcome type outcome using null",
        "alter type outcome rename value 'lost' to 'settled'",
        "user_reports",
    ),
    "switched off and on": (
        "",
        "alter table orders disable trigger standing_log_update; update orders set status = 'cancelled';"
        "alter table orders enable always trigger standing_log_update",
        "orders",
    ),
    "function exchanged": (
        "",
        "alter function standing.log_users() owner to current_user; alter function standing.log_users()"
        " set work_mem = '4MB'; alter function standing.log_users() reset all",
        "users",
    ),
    "log emptied": ("", "truncate standing.change_log", "the change log is another"),
    "log that took nothing": (
        "",
        "select nextval('standing.changes_missed')",
        "changes could not be logged",
    ),
}


@pytest.mark.parametrize("case", UNSEEN)
def test_what_no_trigger_sees_makes_one_run_full(
    connection: Connection, settings: Settings, case: str
) -> None:
    before, unseen, named = UNSEEN[case]
    do(connection, *(before,) * bool(before))
    follow(connection, settings)
    drain(connection, settings)
    do(connection, "delete from standing.due")
    assert drain(connection, settings) == 0
    do(connection, unseen)
    observed = observe(connection, settings)
    assert any(named in phrase for phrase in observed.rebuilt), observed.log
    assert drain(connection, settings, observed) == len(TARGETS)
    do(connection, "delete from standing.due")
    if observed.log:
        assert drain(connection, settings) == 0


def test_ordinary_statements_make_nobody_due_who_is_not_concerned(
    connection: Connection, settings: Settings
) -> None:
    drain(connection, settings)  # a sequence remembers what another test took back
    do(connection, "delete from standing.due")
    do(
        connection,
        "create index on orders (created_at); alter table orders add column note text; analyze orders;"
        "grant select on orders to public; alter table users add unique (email, id)",
    )
    assert observe(connection, settings).rebuilt == ()
    assert drain(connection, settings) == 0


def test_database_of_an_earlier_version_is_brought_up_to_date(
    connection: Connection, settings: Settings
) -> None:
    do(
        connection,
        "drop table standing.log_state; drop sequence standing.changes_missed",
        "create or replace function standing.log_orders() returns trigger language plpgsql"
        " as 'begin return null; end'",
        "revoke all on function standing.log_orders() from public",
    )
    with pytest.raises(NotUpgraded, match=r"lacks standing\.log_state"):
        require_upgraded(connection, settings)
    follow(connection, settings)
    require_upgraded(connection, settings)
    assert observe(connection, settings).log
    usable = "select has_function_privilege('public', 'standing.log_orders()', 'execute')"
    assert connection.scalar(text(usable))


#: Statements that change orders in ways of their own.
WAYS = {
    "merge": f"""
merge into orders using (select id from orders order by id limit 1) as one on false
when not matched then insert (id, buyer_id, seller_id)
    values ('{NEW}', gen_random_uuid(), gen_random_uuid())""",
    "on conflict": f"""
insert into orders (id, buyer_id, seller_id)
select '{NEW}', buyer_id, seller_id from orders order by id limit 1;
delete from standing.change_log;
insert into orders (id, buyer_id, seller_id)
select '{NEW}', buyer_id, seller_id from orders order by id limit 1
on conflict (id) do update set status = 'cancelled'""",
    "with": f"""
with added as (
    insert into orders (id, buyer_id, seller_id)
    select '{NEW}', buyer_id, seller_id from orders order by id limit 1
    returning id
)
select * from added""",
    "view": f"""
create view open_orders as select * from orders;
insert into open_orders (id, buyer_id, seller_id, status, created_at)
select '{NEW}', buyer_id, seller_id, 'x', now() from orders order by id limit 1""",
    "trigger after ours": f"""
create function late() returns trigger language plpgsql as
$$ begin insert into orders (id, buyer_id, seller_id) values ('{NEW}', new.buyer_id, new.seller_id);
return null; end $$;
create constraint trigger zzz after insert on orders deferrable initially deferred for each row
    when (new.status = 'x') execute function late();
insert into orders (buyer_id, seller_id, status)
select buyer_id, seller_id, 'x' from orders order by id limit 1;
set constraints all immediate""",
    "trigger before": f"""
create function swap() returns trigger language plpgsql as $$ begin new.id := '{NEW}'; return new; end $$;
create trigger zzz before insert on orders for each row execute function swap();
insert into orders (buyer_id, seller_id) select buyer_id, seller_id from orders order by id limit 1""",
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_write_a_row_is_logged(connection: Connection, way: str) -> None:
    do(connection, "alter table orders drop constraint if exists orders_buyer_id_fkey cascade")
    do(connection, "alter table orders drop constraint if exists orders_seller_id_fkey cascade")
    do(connection, WAYS[way])
    assert ("orders", NEW) in logged(connection)


def wait_for_log(engine: Engine) -> set[tuple[str, str | None]]:
    """What the log has as soon as it has anything."""
    deadline = time.monotonic() + 120
    while True:
        with engine.begin() as connection:
            if found := logged(connection):
                return found
        assert time.monotonic() < deadline, "nothing was logged"
        time.sleep(0.02)


def test_rows_that_a_subscription_applies_are_logged(
    make_database: MakeDatabase, upgraded_template: str
) -> None:
    publisher, here = make_database(), make_database(template=upgraded_template)
    with connect(publisher) as there, connect(here) as engine:
        ours = engine.execution_options(isolation_level="AUTOCOMMIT").connect()
        theirs = there.execution_options(isolation_level="AUTOCOMMIT").connect()
        with ours, theirs:
            url = there.url
            way = f"host={url.query['host']} port={url.port or 5432} user={url.username}"
            do(
                theirs,
                "create table payouts (id uuid primary key, seller_id uuid, amount int)",
                "create publication payments for table payouts",
            )
            do(theirs, "select pg_create_logical_replication_slot('payments', 'pgoutput')")
            do(ours, "alter table payouts drop constraint payouts_seller_id_fkey")
            do(
                ours,
                f"create subscription payments connection '{way} dbname={url.database}'"
                " publication payments with (create_slot = false, copy_data = false)",
            )
            try:
                assert "would have to be for each row" in observe(ours, here).log.reason
                follow(ours, here)
                assert observe(ours, here).log
                for statement in (
                    f"insert into payouts values ('{NEW}', '{NEW}', 1)",
                    "update payouts set amount = 2",
                    "delete from payouts",
                ):
                    do(theirs, statement)
                    assert wait_for_log(engine) == {("payouts", NEW)}, statement
                do(theirs, "truncate payouts")
                assert wait_for_log(engine) == {("payouts", None)}
            finally:
                do(ours, "alter subscription payments disable")
                do(ours, "alter subscription payments set (slot_name = none)")
                do(ours, "drop subscription payments")
                gone = (
                    "select pg_drop_replication_slot(slot_name) from pg_replication_slots where not active"
                )
                while theirs.scalar(text("select count(*) from pg_replication_slots")):
                    do(theirs, gone)


#: What is done to sources of which the last run read rows → what a run says; nothing where it goes on.
EMPTIED = {
    "alter table disputes rename to stored; create view disputes as select * from stored where false": (
        r"disputes \(a view\) shows no row any more"
    ),
    "alter table messages rename to stored; create view messages as select * from stored limit 9": (
        r"messages \(a view\) shows 9 where there were 20 rows"
    ),
    "alter table messages rename to stored; create view messages as select * from stored limit 10": "",
    "alter table payouts rename to paid_out": "payouts is not there any more",
    "truncate messages": "messages has no row any more",
    "delete from user_warnings": "",  # the few that there were: the application may have meant it
    "delete from messages where id::text <> (select min(id::text) from messages)": "",
}


def test_a_source_that_shows_no_row_or_few_stops_every_run_that_was_not_asked_to_be_full(
    connection: Connection,
) -> None:
    application = read_application(connection, "public")
    first = require_filled(connection, application, ASKED)
    assert first["messages"] == 20 > first["user_warnings"]
    connection.execute(
        text(
            "insert into standing.runs (selection, as_of, status, summary)"
            " values ('all', now(), 'published', :seen)"
        ),
        {"seen": json.dumps({"filled": first})},
    )
    assert require_filled(connection, application, ASKED) == first
    for statement, said in EMPTIED.items():
        with connection.begin_nested() as taken_back:
            do(connection, *statement.split("; "))
            application = read_application(connection, "public")
            if said:
                with pytest.raises(UnfitDatabase, match=f"lacks rows that run .* read: {said}") as refused:
                    require_filled(connection, application, ASKED)
                assert "standing run --full" in refused.value.fix
                table = said.split()[0].rstrip("\\")
                assert [
                    one.object for one in found_lost(driver(connection), "public", application.relations)
                ] == [table]
                taken = require_filled(connection, application, replace(ASKED, full=True))
                assert taken.get(table, 0) == (9 if "limit 9" in statement else 0)
            else:
                require_filled(connection, application, ASKED)
            taken_back.rollback()

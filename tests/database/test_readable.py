"""What can be read of the application's tables, asked of the catalogue: read whole, or refused by name."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError
from support import legacy

from standing.contract.fitness import notes
from standing.database.catalog import read_catalog
from standing.database.connect import server_message
from standing.database.foreign import from_elsewhere
from standing.database.owners import driver
from standing.database.schemas import Application, read_application, require_readable
from standing.database.unwritable import require_writable
from standing.errors import UnfitDatabase
from standing.incremental.observed import completeness
from standing.settings import Settings
from standing.upgrade.checks.server import tables

#: Optional tables and columns as other applications have them.
OPTIONAL = """
alter table orders add promised_at timestamptz, add total_amount numeric, add paid_at timestamptz,
    add cancelled_by text;
alter table users add email_verified boolean;
create table disputes (
    id serial, order_id uuid, opened_at timestamptz, resolved_at timestamptz, decided_against text
);
create table messages (
    id bigserial, thread_id bigint, sender_id text, recipient_id varchar(36), sent_at timestamp
);
create table payouts (id text, seller_id uuid, amount float8, status text, created_at timestamptz);
"""
AS_VIEW = "alter table {0} rename to stored; create {1} view {0} as select * from stored {2}"
#: The role that reads owns all but what the statement takes from it.
CLERK = """
create role clerk; grant usage, create on schema public to clerk;
grant select on all tables in schema public to clerk;
"""
FOREIGN = """
create foreign data wrapper nothing; create server elsewhere foreign data wrapper nothing;
alter table reviews rename to stored;
create foreign table reviews (id uuid, seller_id uuid, rating integer, created_at timestamptz)
    server elsewhere
"""

#: What is done to the sources, and what is said of them.
REFUSED = {
    "alter table orders alter paid_at type date": "orders.paid_at is date, .*: a day has no time",
    "alter table orders alter paid_at type bigint using 1": "orders.paid_at is bigint, not timestamp with",
    "alter table orders alter total_amount type text": "orders.total_amount is text, not numeric",
    "alter table orders alter total_amount type money": "orders.total_amount is money, .*lc_monetary",
    "alter table orders alter total_amount type integer[] using null": r"total_amount is integer\[\]",
    "alter table orders alter cancelled_by type uuid using null": "orders.cancelled_by is uuid, not text",
    "alter table orders alter promised_at type time using null": "promised_at is time without time zone",
    "create domain day as date; create domain days as day; alter table orders alter paid_at type days": (
        "orders.paid_at is date"
    ),
    "alter table disputes alter order_id type bigint using 1": "disputes.order_id is bigint, not uuid",
    "alter table messages alter thread_id type timestamptz using null": "messages.thread_id is timestamp",
    "alter table users alter email_verified type text": "users.email_verified is text, not boolean",
    "alter table reviews drop rating": "reviews.rating is missing",
    "alter table reviews drop order_id, drop seller_id": "reviews has neither order_id nor seller_id",
    "drop table reviews": "reviews is missing",
    AS_VIEW.format("users", "", ""): "users is a view, and documents are written to it",
    AS_VIEW.format("seller_profiles", "materialized", ""): "seller_profiles is a materialized view",
    AS_VIEW.format("disputes", "materialized", "with no data"): "disputes cannot be read: .*not been popul",
    FOREIGN: "reviews cannot be read: foreign-data wrapper",
    f"{CLERK} revoke all on disputes from clerk": "disputes may not be read by role clerk",
    f"{CLERK} revoke all on orders from clerk; grant select (id, buyer_id, status) on orders to clerk": (
        "orders.seller_id, orders.total_amount, .* may not be read by role clerk"
    ),
    f"{CLERK} revoke usage on schema public from public, clerk": "users, .* may not be read by role clerk",
    f"{CLERK} alter table payouts enable row level security; create policy p on payouts using (true)": (
        "payouts hides rows from role clerk by row security"
    ),
    f"{CLERK} alter table reviews owner to clerk; alter table reviews enable row level security;"
    " alter table reviews force row level security": "reviews hides rows from role clerk by row security",
    f"{CLERK} {AS_VIEW.format('disputes', '', '')}; alter view disputes owner to clerk;"
    " alter table stored enable row level security; grant select on stored to clerk": (
        "disputes cannot be read: .*row-level security policy"
    ),
    f"{CLERK} {AS_VIEW.format('disputes', '', '')}; alter view disputes owner to clerk;"
    " revoke all on stored from clerk": "disputes cannot be read: permission denied",
}
READ = {
    "orders.promised_at": "alter table orders alter promised_at type date",
    "orders.total_amount": "create domain baht as numeric; create domain price as baht check (value >= 0);"
    " alter table orders alter total_amount type price",
    "orders.status": "create type step as enum ('pending', 'completed', 'cancelled');"
    " create domain state as step; alter table orders alter status type state using status::step",
    "orders.cancelled_by": "alter table orders alter cancelled_by type char(20)",
    "messages.thread_id": "alter table messages alter thread_id type text",
    "users.email_verified": "alter table users alter email_verified type integer using 1",
    "orders": AS_VIEW.format("orders", "", ""),
    "reviews": AS_VIEW.format("reviews", "materialized", ""),
    "disputes": AS_VIEW.format("disputes", "materialized", ""),
    "payouts": f"{CLERK} alter table payouts owner to clerk; alter table payouts enable row level security",
}


@pytest.fixture
def marketplace(settings: Settings, engine: Engine) -> Settings:
    legacy.fill(engine)
    with engine.begin() as connection:
        connection.execute(text(OPTIONAL))
    return settings


@contextmanager
def changed(engine: Engine, statement: str) -> Iterator[tuple[Connection, Application]]:
    """The sources after a statement, as who reads them sees them, until all of it is taken back."""
    with engine.connect() as connection:
        connection.execute(text(statement))
        if "role clerk" in statement:
            connection.execute(text("set local role clerk"))
        yield connection, read_application(connection, "public")
        connection.rollback()


def test_a_source_that_is_not_read_whole_is_refused_by_name_and_cause(
    marketplace: Settings, engine: Engine
) -> None:
    for statement, said in REFUSED.items():
        with (
            changed(engine, statement) as (connection, application),
            pytest.raises(UnfitDatabase, match=said) as refused,
        ):
            require_readable(connection, application)
        assert refused.value.fix, statement
        forced = " force row level" in statement
        assert forced == ('"reviews" no force row level security' in refused.value.fix), statement


def test_what_fits_is_read_whatever_its_kind_and_type(marketplace: Settings, engine: Engine) -> None:
    for path, statement in READ.items():
        with changed(engine, statement) as (connection, application):
            require_readable(connection, application)
            assert set(path.split(".")) <= {*application.columns, *application.columns[path.split(".")[0]]}


def test_what_is_only_read_makes_every_run_full_and_is_named(marketplace: Settings, engine: Engine) -> None:
    with changed(engine, AS_VIEW.format("disputes", "materialized", "")) as (connection, application):
        log = completeness(connection, marketplace, application)
        assert log.unfollowed == ("disputes is a materialized view, whose changes cannot be logged",)
        assert not log


def test_what_another_server_shows_is_said_to_be_out_of_sight(
    marketplace: Settings, engine: Engine
) -> None:
    behind = (
        "create foreign table far (id integer, order_id uuid) server elsewhere;"
        " alter table disputes rename to stored_disputes;"
        " create view nearer as select * from far; create materialized view disputes as table nearer"
        " with no data; create foreign table old_orders () inherits (orders) server elsewhere"
    )
    with changed(engine, f"{FOREIGN}; {behind}") as (connection, _):
        assert [phrase.split(",")[0] for phrase in from_elsewhere(driver(connection), "public")] == [
            f"{name} is read from another server (elsewhere)" for name in ("disputes", "orders", "reviews")
        ]
    with changed(engine, AS_VIEW.format("disputes", "", "")) as (connection, _):
        assert from_elsewhere(driver(connection), "public") == []


def test_what_constraints_promise_holds_for_whole_tables_alone(
    marketplace: Settings, engine: Engine
) -> None:
    with changed(engine, "create table old_orders () inherits (orders)") as (_, application):
        assert "orders.id is unique" not in application.promises
        assert "users.id is unique" in application.promises
    elsewhere = (
        "create table people (id uuid primary key);"
        " alter table orders drop constraint orders_buyer_id_fkey,"
        " add foreign key (buyer_id) references people not valid"
    )
    with changed(engine, elsewhere) as (_, application):
        assert "orders.buyer_id refers" not in application.promises
        assert "orders.seller_id refers" in application.promises


def test_a_column_that_no_row_fills_is_named_where_a_rule_asks_for_it(
    marketplace: Settings, engine: Engine
) -> None:
    for statement, empty in (
        ("select 1", ("orders.total_amount", "reviews.order_id")),
        ("truncate orders, reviews", ()),
        ("update orders set total_amount = 0", ("reviews.order_id",)),
        ("alter table reviews drop column order_id", ("orders.total_amount",)),
        (
            "update reviews set order_id = gen_random_uuid() where id in (select id from reviews limit 1)",
            ("orders.total_amount",),
        ),
        (f"{CLERK} revoke all on reviews from clerk", ("orders.total_amount",)),
    ):
        with changed(engine, statement) as (connection, application):
            assert application.empty == empty, statement
            connection.execute(text("select 1"))  # the transaction goes on


def test_what_is_read_by_a_rule_is_said(marketplace: Settings, engine: Engine) -> None:
    with changed(engine, READ["orders.promised_at"]) as (_, application):
        assert notes(application.relations) == [
            "a day ends with it, in BUSINESS_TIME_ZONE: orders.promised_at",
            "a text that is no UUID names nobody: messages.sender_id, messages.recipient_id",
            "a time without zone is read in SOURCE_TIME_ZONE: messages.sent_at",
        ]


FILTERED = "create publication p for table seller_profiles where (rating_count > 0)"
PARTS = """
alter table users rename to people; create table users (like people) partition by hash (id);
create table users_of_all partition of users for values with (modulus 1, remainder 0);
create publication p for table users
"""
#: What is done to tables that are written → what preflight and runs say; empty where all is well.
UNWRITABLE = {
    "select 1": "",
    "create rule quiet as on update to seller_profiles do instead nothing": "has the rule quiet, which",
    "create rule copies as on update to users do also notify users": "has the rule copies, which",
    "create rule off as on update to users do instead nothing; alter table users disable rule off": "",
    "create rule newcomers as on insert to users do also notify users": "",
    "alter table users drop constraint users_pkey cascade; create publication everything for all tables": (
        'takes no update: cannot update table "users" because it does not have a replica identity'
    ),
    "alter table users replica identity nothing; create publication p for table users": "takes no update",
    "alter table users replica identity nothing;"
    " create publication p for table users with (publish = 'insert')": "",
    "alter table users drop constraint users_pkey cascade; alter table users replica identity full;"
    " create publication everything for all tables": "",
    FILTERED: ("Column used in the publication WHERE expression is not part of the replica identity."),
    "create publication p for table users (created_at)": "publication .* replica identity",
    "create publication p for table users (id, created_at), orders where (status = 'completed')": "",
    PARTS: 'cannot update table "users_of_all"',
}


def test_what_keeps_documents_from_being_written_is_said_before_any_is(
    marketplace: Settings, engine: Engine
) -> None:
    for statement, said in UNWRITABLE.items():
        with changed(engine, statement) as (connection, _):
            catalog = read_catalog(driver(connection), "public")
            checks = [
                one
                for one in tables(driver(connection), catalog)
                if one.state == "no-go" and "no key that" not in one.message
            ]
            if said:
                with pytest.raises(UnfitDatabase, match=said) as refused:
                    require_writable(connection, "public")
                assert len(checks) == 1, statement
                assert checks[0].message in refused.value.message
                assert checks[0].fix == refused.value.fix
                assert ("everything" in statement) <= ('publication "everything"' in checks[0].fix)
            else:
                require_writable(connection, "public")
                assert not checks, statement


def test_the_server_says_why_it_refuses_a_write_and_no_value_of_a_row(
    marketplace: Settings, engine: Engine
) -> None:
    for statement, said, hidden in (
        ("update seller_profiles set rating_count = 0", "not part of the replica identity", "nothing"),
        ("insert into users select * from users limit 1", "users_pkey", "already exists"),
    ):
        with changed(engine, FILTERED) as (connection, _), pytest.raises(DBAPIError) as refused:
            connection.execute(text(statement))
        assert said in server_message(refused.value)
        assert hidden not in server_message(refused.value)

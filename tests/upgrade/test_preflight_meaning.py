"""What preflight says of the data itself: statuses, amounts, deleted rows, and rows that grow."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine
from support import legacy

from standing.database.catalog import read_catalog
from standing.database.connect import connect
from standing.settings import Settings
from standing.upgrade.checks.hidden_rows import hiding
from standing.upgrade.checks.meaning import STOPS, meaning
from standing.upgrade.checks.server import Check
from standing.upgrade.checks.widths import widths
from standing.upgrade.preflight import verdict

TELL = """
    create function {0}() returns trigger language plpgsql as $$ begin {1}; return null; end $$;
    create trigger {0} after update on users for each row execute function {0}();
"""
TELL_OF_SHOPS = TELL.replace("on users", "on seller_profiles")
#: The name of the check, statements, and its states with what each says.
SAID: dict[str, tuple[str, str, list[tuple[str, str]]]] = {
    "what each status means": (
        "order statuses",
        "insert into orders (status) values ('SHIPPED'), ('refunded')",
        [("ok", "completed: completed 92; cancelled: cancelled 50; returned: refunded 1; open: shipped 1")],
    ),
    "nothing completed": (
        "order statuses",
        "update orders set status = 'DELIVERED' where status = 'completed'",
        [
            (
                "warning",
                "open: delivered 92; cancelled: cancelled 50: no order counts as completed,"
                " and most old orders are still open; a first run will stop here",
            )
        ],
    ),
    "completed by a time": (
        "order statuses",
        "update orders set status = 'delivered' where status = 'completed';"
        "alter table orders add completed_at timestamptz default now()",
        [("ok", "open: delivered 92; cancelled: cancelled 50")],
    ),
    "unknown": (
        "order statuses",
        "insert into orders (status) values ('requires_action')",
        [("warning", "unknown: requires_action 1: unknown ones count nowhere")],
    ),
    "unknown, and many": (
        "order statuses",
        "update orders set status = 'archived' where status = 'cancelled'",
        [("warning", "unknown: archived 50: unknown ones count nowhere; a first run will stop here")],
    ),
    "no review beside ratings": (
        "reviews",
        "delete from reviews",
        [("warning", "0 are there; rating_count of the shops counts 33: ratings and tiers would fall; a")],
    ),
    "published before": (
        "reviews",
        "create schema standing; create table standing.runs as select 1 as run_id, 'published' as status,"
        " '{}'::jsonb as summary, now() as as_of",
        [("warning", "1 are there; rating_count of the shops counts 33: ratings and tiers would fall")],
    ),
    "reviews": (
        "reviews",
        "insert into reviews (rating) values (4)",
        [("ok", "2 are there; rating_count of the shops counts 33")],
    ),
    "no orders": ("order statuses", "delete from orders", [("note", "there are no orders yet")]),
    "baht": (
        "amounts",
        "alter table orders add total_amount numeric default 359.5, add currency text default 'thb'",
        [("ok", "142 orders is 359.5, read as baht (THB); orders.currency has THB, and is not read")],
    ),
    "satang": (
        "amounts",
        "alter table orders add total_amount bigint default 35950",
        [("warning", "142 orders is 35,950, read as baht (THB); a first run will stop here")],
    ),
    "dollars": (
        "amounts",
        "alter table orders add total_amount real default 50, add \"currencyCode\" char(3) default 'usd'",
        [
            (
                "warning",
                "orders.currencyCode has USD, and is not read; others than baht are many; a first run",
            )
        ],
    ),
    "no amounts": ("amounts", "select", []),
    "amounts as text": ("amounts", "alter table orders add total_amount text default '12'", []),
    "deleted in many ways": (
        "deleted rows",
        """
        alter table users add deleted_at timestamptz;
        alter table orders add "deletedAt" timestamp default now();
        alter table reviews add is_hidden boolean default true, add hidden smallint default 0;
        alter table products add "archivedAt" date, add deleted_flag boolean, add visibility text;
        alter table users add banned_at timestamptz, add "isSuspended" boolean default false;
        alter table orders add visibility text default 'hidden', add state text default 'new';
        alter table seller_profiles add account_status text default 'SUSPENDED', add removed_at date;
        alter table seller_profiles add "isActive" boolean default false;
        insert into products values (default);
        """,
        [
            ("note", "users.deleted_at is not read: 0 rows that it hides count like the others"),
            ("note", "users.banned_at is not read: 0 rows"),
            ("note", "users.isSuspended is not read: 0 rows"),
            ("warning", "seller_profiles.account_status is not read: 3 rows"),
            ("note", "seller_profiles.removed_at is not read: 0 rows"),
            ("warning", "seller_profiles.isActive is not read: 3 rows"),
            ("warning", "orders.deletedAt is not read: 142 rows"),
            ("warning", "orders.visibility is not read: 142 rows"),
            ("warning", "reviews.is_hidden is not read: 1 rows"),
            ("note", "reviews.hidden is not read: 0 rows"),
            ("note", "products.archivedAt is not read: 0 rows"),
            ("note", "products.deleted_flag is not read: 0 rows"),
        ],
    ),
    "deleted in other ways": (
        "deleted rows",
        """
        alter table reviews add review_status text default 'hidden', add moderation_status text,
            add is_spam boolean default true, add approved boolean default false, add flagged boolean,
            add visibility text default 'seller-only';
        update reviews set moderation_status = 'Auto-Rejected';
        alter table users add erased_at timestamptz, add "anonymizedAt" date, add gdpr_deleted boolean;
        alter table users add closed_at timestamptz default now();
        create table messages (id uuid);
        alter table messages add deleted_by_sender boolean, add visibility text default 'public';
        alter table orders add is_test boolean default true, add closed_at timestamptz default now();
        insert into messages default values;
        create table referred_users (status text default 'blocked', referrer_id uuid);
        insert into referred_users default values;
        """,
        [
            ("note", "users.erased_at is not read: 0 rows"),
            ("note", "users.anonymizedAt is not read: 0 rows"),
            ("note", "users.gdpr_deleted is not read: 0 rows"),
            ("warning", "users.closed_at is not read"),
            ("warning", "orders.is_test is not read: 142 rows"),
            ("warning", "reviews.review_status is not read: 1 rows"),
            ("warning", "reviews.moderation_status is not read: 1 rows"),
            ("warning", "reviews.is_spam is not read: 1 rows"),
            ("warning", "reviews.approved is not read: 1 rows"),
            ("note", "reviews.flagged is not read: 0 rows"),
            ("warning", "reviews.visibility is not read: 1 rows"),
            ("note", "messages.deleted_by_sender is not read: 0 rows"),
        ],
    ),
    "nothing is hidden": (
        "deleted rows",
        "alter table users add shade text, add undeleted boolean, add activity text",
        [("ok", "no column looks like a mark")],
    ),
    "rows grow": (
        "row width",
        "select",
        [
            (
                "note",
                "the longest of users has 106 bytes as JSON, 1,857 after the upgrade and about 8,638 after",
            )
        ],
    ),
    "rows that are sent": (
        "row width",
        TELL_OF_SHOPS.format("tell", "perform pg_notify('shops', row_to_json(new)::text)"),
        [
            ("note", ""),
            ("warning", "trigger seller_profiles.tell sends a row by pg_notify: the longest of seller_"),
        ],
    ),
    "rows that are too long to be sent": (
        "row width",
        TELL.format("tell", "perform pg_notify('members', row_to_json(new)::text)"),
        [
            ("note", ""),
            ("no-go", "trigger users.tell sends a row by pg_notify, and its statement would fail"),
        ],
    ),
    "keys that are sent": (
        "row width",
        TELL.format("tell", "perform pg_notify('members', new.id::text)"),
        [("note", ""), ("note", "trigger users.tell calls pg_notify; see that it sends no whole row")],
    ),
    "rows that are sent by another function": (
        "row width",
        "create function send(sent json) returns void language sql begin atomic"
        " select pg_notify('members', sent::text); end;"
        + TELL_OF_SHOPS.format("tell", "perform send(to_json(new))"),
        [("note", ""), ("warning", "trigger seller_profiles.tell sends a row by pg_notify")],
    ),
    "nothing is sent": ("row width", TELL.format("tell", "perform 1"), [("note", "")]),
}


#: Columns of applications that hide nothing.
SHOWN = (
    ("orders", "closed_at rejected_at is_gift test_score contest_id latest delivery_status payment_status"),
    ("disputes", "closed_at status rejected_by state_code"),
    ("payouts", "withdrawn_at denied_at"),
    ("users", "blocked_users deleted_count flag_count spam_score is_public estate protest tested_by"),
    ("products", "item_condition data_source shown_price activated_at bystander status_code"),
)


def test_a_column_that_only_sounds_like_one_is_no_mark_of_deleted_rows() -> None:
    others = [(table, name) for table, names in SHOWN for name in names.split()]
    shown = [one for one in others if hiding(*one) and one[1] != "status"]
    assert shown == []


@pytest.fixture(scope="module")
def marketplace(module_database: Callable[[str], Settings]) -> Iterator[Engine]:
    with connect(module_database("template1")) as engine:
        legacy.fill(engine)
        yield engine


@pytest.mark.parametrize("name", SAID)
def test_preflight_says_what_data_will_be_taken_for(name: str, marketplace: Engine) -> None:
    check, statements, expected = SAID[name]
    pooled = marketplace.raw_connection()
    try:
        connection: psycopg.Connection[Any] = pooled.driver_connection  # type: ignore[assignment]
        connection.execute(statements.encode())
        catalog = read_catalog(connection, "public")
        found: list[Check] = [*meaning(connection, catalog), *widths(connection, catalog)]
    finally:
        pooled.rollback()
        pooled.close()
    found = [one for one in found if one.name == check]
    assert [STOPS in one.message for one in found] == [one.stops_run for one in found]
    assert [one.state for one in found] == [state for state, _ in expected]
    for one, (_, said) in zip(found, expected, strict=True):
        assert said in one.message
    assert all(one.fix for one in found if one.state in ("warning", "no-go"))


def test_the_last_line_names_where_a_first_run_will_stop() -> None:
    fine, odd = Check("encoding", "ok", "UTF8"), Check("amounts", "warning", "satang", "", stops_run=True)
    assert verdict([fine]) == "go"
    assert verdict([fine, odd, odd]) == "go; a first run will stop: amounts"
    assert verdict([odd, Check("home", "no-go", "closed")]) == "no-go; a first run will stop: amounts"

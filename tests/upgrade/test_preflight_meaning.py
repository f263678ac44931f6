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
from standing.upgrade.checks.meaning import meaning
from standing.upgrade.checks.server import Check
from standing.upgrade.checks.widths import widths

TELL = """
    create function {0}() returns trigger language plpgsql as $$ begin {1}; return null; end $$;
    create trigger {0} after update on users for each row execute function {0}();
"""
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
        [("warning", "open: delivered 92; cancelled: cancelled 50: no order counts as completed")],
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
    "no orders": ("order statuses", "delete from orders", [("note", "there are no orders yet")]),
    "baht": (
        "amounts",
        "alter table orders add total_amount numeric default 359.5, add currency text default 'thb'",
        [("ok", "142 orders is 359.5, read as baht (THB); orders.currency has thb, and is not read")],
    ),
    "satang": (
        "amounts",
        "alter table orders add total_amount bigint default 35950",
        [("warning", "142 orders is 35,950, read as baht (THB)")],
    ),
    "dollars": (
        "amounts",
        "alter table orders add total_amount real default 50, add \"currencyCode\" char(3) default 'usd'",
        [("warning", "orders.currencyCode has usd, and is not read")],
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
                "the longest of users has 106 bytes as JSON, 1,857 after the upgrade and about 6,126 after",
            )
        ],
    ),
    "rows that are sent": (
        "row width",
        TELL.format("tell", "perform pg_notify('members', row_to_json(new)::text)"),
        [
            ("note", ""),
            ("warning", "trigger users.tell sends a row by pg_notify: the longest of users has"),
        ],
    ),
    "rows that are too long to be sent": (
        "row width",
        "alter table users add about text; update users set about = repeat('x', 2500);"
        + TELL.format("tell", "perform pg_notify('members', row_to_json(new)::text)"),
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
        + TELL.format("tell", "perform send(to_json(new))"),
        [("note", ""), ("warning", "trigger users.tell sends a row by pg_notify")],
    ),
    "nothing is sent": ("row width", TELL.format("tell", "perform 1"), [("note", "")]),
}


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
    assert [one.state for one in found] == [state for state, _ in expected]
    for one, (_, said) in zip(found, expected, strict=True):
        assert said in one.message
    assert all(one.fix for one in found if one.state in ("warning", "no-go"))

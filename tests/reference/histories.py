"""What may happen to a marketplace between two runs, by an application, a person or a clock."""

import json
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import Connection, text

from reference.marketplaces import AS_OF, TABLES, Maker
from reference.orders import World

#: table → what may be written into a row; `:then` is a moment around the clock.
EDITS = {
    "orders": (
        "status = 'completed', completed_at = :then",
        "status = 'cancelled', cancelled_at = :then, cancelled_by = 'seller'",
        "status = 'cancelled', cancelled_at = :then, cancelled_by = 'buyer'",
        "status = 'completed', completed_at = null, updated_at = :then",
        "status = 'lost in space'",
        "refunded_at = :then, refunded_amount = total_amount",
        "refunded_at = null, refunded_amount = 1",
        "shipped_at = :then",
        "delivered_at = :then, promised_at = :then",
        "created_at = :then",
        "total_amount = -total_amount",
        "total_amount = 12345.67",
        "total_amount = 19.99",
        "total_amount = 20",
        "refunded_at = :then, refunded_amount = total_amount - 1",
    ),
    "reviews": (
        "rating = 1",
        "rating = 5",
        "rating = 9",
        "created_at = :then",
        "created_at = null",
        "order_id = null",
        "reviewer_id = null",
        """moderation = '{"status": "rejected"}'""",
        """engagement = '{"helpful_count": 3}'""",
        """detailed_ratings = '{"packaging": 2}'""",
        "detailed_ratings = '[]'",
    ),
    "messages": ("sent_at = :then", "thread_id = null"),
    "disputes": (
        "resolved_at = :then, decided_against = 'seller'",
        "decided_against = 'buyer'",
        "opened_at = :then",
    ),
    "returns": ("completed_at = :then", "completed_at = null"),
    "order_exclusions": ("decided_at = :then",),
    "user_sessions": ("ended_at = :then", "started_at = :then"),
    "user_reports": ("decided_at = :then, outcome = 'upheld'", "outcome = 'dismissed'"),
    "user_warnings": ("decided_at = :then, outcome = 'upheld'",),
    "payouts": ("status = 'withdrawn'", "created_at = :then"),
    "products": ("stock = 0", "status = 'active'"),
    "referred_users": ("first_purchase_at = :then",),
    "users": (
        "email_verified = true",
        "kyc_status = 'verified'",
        """security_settings = '{"is_banned": true}'""",
        "security_settings = '{}'",
        "last_login_at = :then",
        "created_at = created_at - interval '200 days'",
        "created_at = :then",
    ),
    "seller_profiles": ("created_at = null", "created_at = :then"),
}
#: A column that names another row, and where that row may be.
KEYS = (
    ("orders", "buyer_id", "users"),
    ("orders", "seller_id", "seller_profiles"),
    ("reviews", "order_id", "orders"),
    ("reviews", "seller_id", "seller_profiles"),
    ("reviews", "reviewer_id", "users"),
    ("messages", "sender_id", "users"),
    ("messages", "recipient_id", "users"),
    ("disputes", "order_id", "orders"),
    ("returns", "order_id", "orders"),
    ("order_exclusions", "order_id", "orders"),
    ("user_reports", "user_id", "users"),
    ("user_sessions", "user_id", "users"),
    ("payouts", "seller_id", "seller_profiles"),
    ("products", "seller_id", "seller_profiles"),
    ("referred_users", "referrer_id", "users"),
    ("seller_profiles", "user_id", "users"),
)
#: Tables that an application may empty at once.
EMPTIED = ("reviews", "messages", "disputes", "user_sessions", "products", "order_exclusions")


def forbid_nothing(connection: Connection) -> None:
    """Drop what keeps a marketplace in order: afterwards keys may repeat and may lead nowhere."""
    found = connection.execute(
        text(
            "select conrelid::regclass::text, conname from pg_constraint"
            " where connamespace = 'public'::regnamespace and (contype in ('f', 'u')"
            " or contype = 'p' and conrelid::regclass::text in ('orders', 'reviews')) order by contype"
        )
    ).all()
    for table, name in found:
        connection.execute(text(f'alter table {table} drop constraint if exists "{name}" cascade'))


def arrive(connection: Connection, roll: Random, clock: datetime, number: int) -> None:
    """New marketplaces, with their members' whole past."""
    for _ in range(number):
        world: World = {table: [] for table in TABLES}
        Maker(Random(roll.getrandbits(62)), world).make()  # noqa: S311
        for table in TABLES:
            rows = [{key: _later(value, clock) for key, value in row.items()} for row in world[table]]
            if rows:
                columns = ", ".join(rows[0])
                connection.execute(
                    text(
                        f"insert into {table} ({columns}) select {columns}"
                        f" from jsonb_populate_recordset(null::{table}, cast(:rows as jsonb))"
                    ),
                    {"rows": json.dumps(rows, default=str)},
                )


def _later(value: Any, clock: datetime) -> Any:
    """The marketplaces are drawn around AS_OF."""
    return (value + (clock - AS_OF)).isoformat() if isinstance(value, datetime) else value


def some(roll: Random, table: str, number: int = 3) -> str:
    """A condition on a few rows of a table, the same ones for the same roll."""
    return (
        f"ctid = any(array(select ctid from {table} order by md5(ctid::text || '{roll.getrandbits(32)}')"
        f" limit {roll.randrange(1, number + 1)}))"
    )


def edit(connection: Connection, roll: Random, clock: datetime, table: str) -> None:
    """Write something else into a few rows."""
    then = clock + roll.choice(
        [
            timedelta(seconds=s)
            for s in (-1, 0, 1, 3600, -3600, -86400, 86400, -30 * 86400, -90 * 86400, 40 * 86400)
        ]
    )
    changed = roll.choice(EDITS[table])
    connection.execute(text(f"update {table} set {changed} where {some(roll, table)}"), {"then": then})


def rekey(connection: Connection, roll: Random) -> None:
    """Make a few rows belong to somebody else, or to nobody there is."""
    table, column, other = roll.choice(KEYS)
    key = f"(select id from {other} where {some(roll, other, 1)} limit 1)"
    if roll.random() < 0.1:
        key = f"'{roll.getrandbits(120):032x}'::uuid"
    connection.execute(text(f"update {table} set {column} = {key} where {some(roll, table)}"))


def remove(connection: Connection, roll: Random, table: str) -> None:
    connection.execute(text(f"delete from {table} where {some(roll, table)}"))


def repeat(connection: Connection, roll: Random) -> None:
    """The same order or review a second time, or the second one gone."""
    table = roll.choice(("orders", "reviews"))
    connection.execute(text(f"insert into {table} select * from {table} where {some(roll, table)}"))

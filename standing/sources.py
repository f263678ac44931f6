"""The application's tables that Standing reads: what it needs, and what it can do without."""

from dataclasses import dataclass

from sqlalchemy import Connection

from standing.database import rows


@dataclass(frozen=True)
class Source:
    """One table. `effect` says what members lose where it, or one of its optional columns, is missing."""

    table: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    effect: str

    @property
    def is_required(self) -> bool:
        return bool(self.required)


SOURCES = (
    Source(
        "users",
        ("id", "created_at"),
        ("last_login_at", "email_verified", "phone_verified"),
        "no points for a verified e-mail address or phone number, and activity without visits",
    ),
    Source(
        "seller_profiles",
        ("id", "rating_score", "rating_count"),
        ("user_id", "created_at"),
        "a shop's trade and ratings do not count for the trust of the person behind it",
    ),
    Source(
        "orders",
        ("id", "buyer_id", "seller_id", "status", "created_at"),
        (
            "total_amount",
            "paid_at",
            "ship_by",
            "shipped_at",
            "promised_at",
            "delivered_at",
            "completed_at",
            "cancelled_at",
            "cancelled_by",
            "refunded_at",
            "refunded_amount",
            "updated_at",
        ),
        "times are taken from the status, and what they would tell is not scored",
    ),
    Source(
        "reviews",
        ("id", "rating", "created_at"),
        ("order_id", "seller_id", "reviewer_id", "comment"),
        "helpful reviews are not credited to their writers",
    ),
    Source(
        "products",
        (),
        ("id", "seller_id", "status", "stock", "price"),
        "performance shows no listings and no stock",
    ),
    Source(
        "messages",
        (),
        ("id", "thread_id", "sender_id", "recipient_id", "sent_at"),
        "no response rate or times: up to 4 points of trust cannot be reached",
    ),
    Source(
        "disputes",
        (),
        ("id", "order_id", "opened_at", "resolved_at", "decided_against"),
        "lost disputes do not lower trust",
    ),
    Source(
        "returns",
        (),
        ("id", "order_id", "requested_at", "completed_at"),
        "only full refunds count as returns",
    ),
    Source(
        "user_sessions",
        (),
        ("user_id", "started_at", "ended_at"),
        "behavior shows no length of visits",
    ),
    Source(
        "user_reports",
        (),
        ("user_id", "created_at", "decided_at", "outcome"),
        "upheld reports do not lower trust",
    ),
    Source(
        "user_warnings",
        (),
        ("user_id", "created_at", "decided_at", "outcome"),
        "warnings do not lower trust",
    ),
    Source(
        "payouts",
        (),
        ("seller_id", "amount", "status", "created_at"),
        "performance shows no balances",
    ),
    Source(
        "order_exclusions",
        (),
        ("order_id", "reason", "decided_at"),
        "no order can be taken out of the rates",
    ),
)


def columns_found(connection: Connection, schema: str) -> dict[str, dict[str, str]]:
    """Table → column → type name, for every table, view and partitioned table of the schema."""
    found: dict[str, dict[str, str]] = {}
    statement = (
        "select c.relname as table, a.attname as column, format_type(a.atttypid, a.atttypmod) as type"
        " from pg_class as c join pg_namespace as n on n.oid = c.relnamespace"
        " join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
        " where n.nspname = :schema and c.relkind in ('r', 'p', 'v', 'm', 'f')"
    )
    for row in rows(connection, statement, schema=schema):
        found.setdefault(row["table"], {})[row["column"]] = row["type"]
    return found


def missing_columns(source: Source, found: dict[str, dict[str, str]]) -> tuple[str, ...]:
    """The optional columns of a source that the application does not have."""
    return tuple(column for column in source.optional if column not in found.get(source.table, {}))

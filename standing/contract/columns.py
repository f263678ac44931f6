"""The application's columns that scores are made of (METRICS.md, Sources), and the types that fit."""

from dataclasses import dataclass

#: PostgreSQL's own type names (pg_type.typname), by what a column means.
FAMILIES = {
    "key": frozenset({"uuid"}),
    "moment": frozenset({"timestamptz", "timestamp"}),
    "number": frozenset({"int2", "int4", "int8", "numeric", "float4", "float8"}),
    "text": frozenset({"text", "varchar", "bpchar", "enum"}),
    "flag": frozenset({"bool"}),
    "document": frozenset({"jsonb"}),
}


@dataclass(frozen=True)
class Column:
    table: str
    name: str
    family: str
    required: bool

    @property
    def path(self) -> str:
        return f"{self.table}.{self.name}"


def _columns(table: str, **families: str) -> tuple[Column, ...]:
    """A family ending in * is required."""
    return tuple(
        Column(table, name, kind.rstrip("*"), kind.endswith("*")) for name, kind in families.items()
    )


CONTRACT = (
    *_columns(
        "users",
        id="key*",
        created_at="moment*",
        last_login_at="moment",
        email_verified="flag",
        phone_verified="flag",
        kyc_status="text",
        security_settings="document",
    ),
    *_columns(
        "seller_profiles",
        id="key*",
        rating_score="number*",
        rating_count="number*",
        user_id="key",
        created_at="moment",
    ),
    *_columns(
        "orders",
        id="key*",
        buyer_id="key*",
        seller_id="key*",
        status="text*",
        created_at="moment*",
        total_amount="number",
        paid_at="moment",
        ship_by="moment",
        shipped_at="moment",
        promised_at="moment",
        delivered_at="moment",
        completed_at="moment",
        cancelled_at="moment",
        cancelled_by="text",
        refunded_at="moment",
        refunded_amount="number",
        updated_at="moment",
    ),
    *_columns(
        "reviews",
        id="key*",
        rating="number*",
        created_at="moment*",
        order_id="key",
        seller_id="key",
        reviewer_id="key",
        detailed_ratings="document",
        engagement="document",
        moderation="document",
    ),
)

FITTING = {column.path: FAMILIES[column.family] for column in CONTRACT}

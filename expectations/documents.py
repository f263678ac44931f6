"""The documents' keys with their types, as METRICS.md and the application's types name them."""

from dataclasses import dataclass, field

from standing.sql import literals

#: Type of a key → SQL that is true of a jsonb value {0} of that type. A moment is UTC with Z;
#: a kept one comes from what was published before, in the spelling it had there.
FITS = {
    "number": "jsonb_typeof({0}) = 'number'",
    "text": "jsonb_typeof({0}) = 'string'",
    "flag": "jsonb_typeof({0}) = 'boolean'",
    "list": "jsonb_typeof({0}) = 'array'",
    "object": "jsonb_typeof({0}) = 'object'",
    "kept moment": "jsonb_typeof({0}) = 'string' and {0} #>> array[]::text[] like '____-__-__T__:__:__%'",
    "moment": "jsonb_typeof({0}) = 'string' and {0} #>> array[]::text[] like '____-__-__T__:__:__%Z'",
}
#: The document's own scale of a rate: stars for a mean, hundredths for a percentage.
MEAN, PERCENT = 1, 100


@dataclass(frozen=True)
class Document:
    """`keys` and the keys of objects in it (`nested`) with their types; `nullable` ones may be null.

    `rates` are top-level keys whose `evidence` must give their value, with their scale.
    """

    target: str
    keys: dict[str, str]
    nested: dict[str, dict[str, str]] = field(default_factory=dict)
    nullable: frozenset[str] = frozenset()
    rates: dict[str, int] = field(default_factory=dict)

    def record(self, document: str) -> str:
        """The document's keys as jsonb columns of `d`: unpacked once, however many rules look at them."""
        columns = ", ".join(f"{key} jsonb" for key in self.keys)
        guarded = f"case when jsonb_typeof({document}) = 'object' then {document} else '{{}}' end"
        return f"cross join lateral jsonb_to_record({guarded}) as d ({columns})"

    def misfits(self) -> dict[str, str]:
        """Key → SQL that is true where it is missing or of another type."""
        found = {}
        for key, kind in self.keys.items():
            test = f"({FITS[kind].format(f'd.{key}')}) is not true"
            found[key] = f"d.{key} is not null and {test}" if key in self.nullable else test
        for key, inner in self.nested.items():
            absent = f"d.{key} is not null and " if key in self.nullable else ""
            for name, kind in inner.items():
                value = f"(d.{key} -> '{name}')"
                found[f"{key}.{name}"] = f"{absent}({FITS[kind].format(value)}) is not true"
        return found

    def strangers(self, document: str) -> str:
        """SQL that is true where the document, or an object in it, has a key that is not documented,
        or lacks a key that may be null."""
        tests = [_extra(document, tuple(self.keys))]
        tests += [_extra(f"d.{key}", tuple(inner)) for key, inner in self.nested.items()]
        tests += [f"not {document} ? '{key}'" for key in sorted(self.nullable)]
        return " or ".join(tests)


def _extra(value: str, keys: tuple[str, ...]) -> str:
    rest = f"{value} - {literals(keys)}"
    return f"case when jsonb_typeof({value}) = 'object' then {rest} <> '{{}}' else false end"


TRUST_SCORE = Document(
    target="trust_score",
    keys={
        "overall_score": "number",
        "level": "text",
        "identity_score": "number",
        "transaction_score": "number",
        "behavior_score": "number",
        "community_score": "number",
        "factors": "object",
        "last_calculated": "moment",
        "next_review": "moment",
        "evidence": "object",
    },
    nested={"factors": {"positive": "list", "negative": "list"}},
)

BEHAVIOR_SCORE = Document(
    target="behavior_score",
    keys={
        "response_rate": "number",
        "response_time_avg": "number",
        "response_time_median": "number",
        "completion_rate": "number",
        "cancellation_rate": "number",
        "dispute_rate": "number",
        "last_active": "moment",
        "active_days_last_30": "number",
        "avg_session_duration": "number",
        "report_count": "number",
        "warning_count": "number",
        "helpful_reviews_count": "number",
        "risk_level": "text",
        "risk_factors": "list",
        "last_updated": "moment",
        "evidence": "object",
    },
    rates=dict.fromkeys(("response_rate", "completion_rate", "cancellation_rate", "dispute_rate"), PERCENT),
)

RATINGS = Document(
    target="ratings",
    keys={
        "overall": "number",
        "total_reviews": "number",
        "product_quality": "number",
        "communication": "number",
        "shipping_speed": "number",
        "packaging": "number",
        "accuracy": "number",
        "value_for_money": "number",
        "rating_distribution": "object",
        "rating_trend": "text",
        "last_30_days_avg": "number",
        "last_90_days_avg": "number",
        "adjusted": "number",
        "last_updated": "moment",
        "evidence": "object",
    },
    nested={
        "rating_distribution": dict.fromkeys(
            ("five_star", "four_star", "three_star", "two_star", "one_star"), "number"
        )
    },
    rates={"overall": MEAN, "last_30_days_avg": MEAN, "last_90_days_avg": MEAN, "adjusted": MEAN},
)

#: Performance's shares of 100; its growth has no upper end.
SHARES = (
    "repeat_customer_rate",
    "customer_retention_rate",
    "order_fulfillment_rate",
    "on_time_delivery_rate",
    "return_rate",
    "dispute_rate",
    "defect_rate",
    "response_rate",
    "effective_positive_rate",
)

PERFORMANCE = Document(
    target="performance",
    keys={
        **dict.fromkeys(
            (
                "total_sales",
                "total_revenue",
                "avg_order_value",
                "last_30_days_sales",
                "last_30_days_revenue",
                "month_over_month_growth",
                "total_customers",
                "avg_processing_time",
                "response_time_avg",
                "active_listings",
                "sold_out_listings",
                "avg_stock_level",
                "pending_balance",
                "available_balance",
                "total_withdrawn",
                *SHARES,
            ),
            "number",
        ),
        "last_calculated": "moment",
        "evidence": "object",
    },
    rates=dict.fromkeys((*SHARES, "month_over_month_growth"), PERCENT),
)

TIER_INFO = Document(
    target="tier_info",
    keys={
        "current_tier": "text",
        "tier_level": "number",
        "benefits": "list",
        "commission_rate": "number",
        "boost_multiplier": "number",
        "priority_support": "flag",
        "tier_achieved_at": "kept moment",
        "tier_change_history": "list",
        "next_tier": "object",
        "evidence": "object",
    },
    nested={"next_tier": {"tier": "text", "orders_needed": "number", "rating_needed": "number"}},
    nullable=frozenset({"next_tier"}),  # null on the highest tier
)

DOCUMENTS = {
    document.target: document for document in (TRUST_SCORE, BEHAVIOR_SCORE, RATINGS, PERFORMANCE, TIER_INFO)
}

#: Top-level keys that move with the clock alone; a published document may differ in them.
CLOCK_KEYS = ("last_calculated", "next_review", "last_updated")

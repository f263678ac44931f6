"""What the application may lack of what Standing reads, and what that costs its members."""

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Gap:
    """Optional columns of one table, and what members lose where one of them is missing.

    `metrics` are those of the trust score that then have no evidence, so that their points are out of
    reach.
    """

    table: str
    columns: tuple[str, ...]
    effect: str
    metrics: tuple[str, ...] = ()


GAPS = (
    Gap("users", ("email_verified",), "no points for a verified e-mail address", ("email_verified",)),
    Gap("users", ("phone_verified",), "no points for a verified phone number", ("phone_verified",)),
    Gap("users", ("last_login_at",), "activity is seen from orders, messages and reviews only"),
    Gap(
        "seller_profiles",
        ("user_id",),
        "a shop's trade and ratings do not count for the trust of the person behind it",
        ("positive_share",),
    ),
    Gap("seller_profiles", ("created_at",), "a replay shows shops that were not there yet"),
    Gap("orders", ("total_amount",), "orders have no value: no sales and no revenue", ("completed_value",)),
    Gap("orders", ("completed_at", "cancelled_at"), "an order's end is dated by its other times"),
    Gap("orders", ("cancelled_by",), "cancelled orders count against nobody"),
    Gap("orders", ("refunded_at", "refunded_amount"), "refunds are not seen"),
    Gap("orders", ("paid_at", "ship_by", "shipped_at"), "processing times and fulfilment are less exact"),
    Gap("orders", ("promised_at", "delivered_at"), "punctuality is not known"),
    Gap("orders", ("updated_at",), "an ended order without any time is dated by its creation"),
    Gap("reviews", ("order_id",), "reviews count for their shop but for no order"),
    Gap("reviews", ("seller_id",), "reviews without an order count nowhere"),
    Gap("reviews", ("reviewer_id",), "a review is credited to its order's buyer, or to nobody"),
    Gap("products", ("id", "seller_id", "status", "stock"), "performance shows no listings and no stock"),
    Gap(
        "messages",
        ("id", "thread_id", "sender_id", "recipient_id", "sent_at"),
        "no response rate and no response times",
        ("response_rate",),
    ),
    Gap(
        "disputes",
        ("id", "order_id", "opened_at", "resolved_at", "decided_against"),
        "lost disputes do not lower trust",
    ),
    Gap("returns", ("id", "order_id", "completed_at"), "only full refunds count as returns"),
    Gap("user_sessions", ("user_id", "started_at", "ended_at"), "behavior shows no length of visits"),
    Gap("user_reports", ("user_id", "created_at", "decided_at", "outcome"), "reports do not lower trust"),
    Gap("user_warnings", ("user_id", "created_at", "decided_at", "outcome"), "warnings do not lower trust"),
    Gap("payouts", ("seller_id", "amount", "status", "created_at"), "performance shows no balances"),
    Gap("order_exclusions", ("order_id", "decided_at"), "no order can be taken out of the rates"),
)

#: Tables that a marketplace cannot be scored without.
REQUIRED = ("users", "seller_profiles", "orders", "reviews")


def gaps(found: Mapping[str, Mapping[str, str]]) -> tuple[Gap, ...]:
    """The gaps of an application with these columns, each with just the columns that are missing."""
    return tuple(
        replace(gap, columns=absent)
        for gap in GAPS
        if (absent := tuple(one for one in gap.columns if one not in found.get(gap.table, ())))
    )

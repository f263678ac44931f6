"""The orders behind a member's rates, read from the facts that runs keep of every order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from standing.database.connect import rows
from standing.incremental.materialized import is_derived
from standing.sql import quoted

#: Orders shown of each kind, newest first.
SHOWN = 10

#: What is wrong with an order → the facts' condition, and the event by which a rate's window has it.
USER_ORDERS = {
    "cancelled by the member": ("outcome = 'cancelled' and is_own_cancellation", "resolved_at"),
    "with a dispute decided against the member": ("lost_at is not null", "lost_at"),
    "returned": ("outcome = 'returned'", "resolved_at"),
    "in dispute": ("is_disputed and lost_at is null", "resolved_at"),
}
SELLER_ORDERS = {
    "cancelled by the seller, or with a dispute decided against the seller": ("is_defect", "resolved_at"),
    "not shipped though due": ("evaluated_at is not null and handed_over_at is null", "evaluated_at"),
    "delivered late": ("is_on_time is false", "delivered_at"),
    "returned": ("outcome = 'returned'", "resolved_at"),
    "in dispute": ("is_disputed and not is_defect", "resolved_at"),
}
#: Kind → whether no score takes notice of an order because of its amount.
SMALL = {"user": "not lowers_trust", "seller": "false"}
EXCLUDED = {"excluded from the rates": ("is_excluded", "resolved_at")}
#: A member's orders on either side, with what each side answers for.
USER_ROWS = """
    select *, coalesce(cancelled_by = 'buyer', false) as is_own_cancellation, lost_by_buyer_at as lost_at
    from {0}.int_order_facts where buyer_id = :key and is_known
    union all
    select *, coalesce(cancelled_by = 'seller', false) as is_own_cancellation, lost_by_seller_at as lost_at
    from {0}.int_order_facts where seller_user_id = :key and is_known and is_paid
    and seller_id in (select seller_id from {0}.stg_sellers where user_id = :key)
"""
SELLER_ROWS = "select * from {0}.int_order_facts where seller_id = :key and is_known and is_paid"
#: Kind → the orders, how many days back any rate of the member looks, kinds of orders.
ORDERS = {
    "user": (
        USER_ROWS,
        # A cancellation that behavior has forgotten may still count in the trust score.
        "select greatest(window_days, :trust_days) as days from {0}.int_user_behavior where user_id = :key",
        {**USER_ORDERS, **EXCLUDED},
    ),
    "seller": (
        SELLER_ROWS,
        "select window_days as days from {0}.int_seller_performance where seller_id = :key",
        {**SELLER_ORDERS, **EXCLUDED},
    ),
}


@dataclass(frozen=True)
class OrdersWanted:
    """Whose orders, as of when; `trust_days` is how far back the trust score looks."""

    kind: str
    key: UUID
    as_of: datetime
    trust_days: int


def orders_of(
    connection: Connection, build: str, asked: OrdersWanted
) -> dict[str, list[dict[str, Any]]] | None:
    """The orders that rates count, by kind, and after them those that no rate counts.

    What happened after `as_of` is left out. None where no order's outcome is there: the server has crashed,
    or a run derives all of them anew.
    """
    if not is_derived(connection, build, "int_order_facts"):
        return None
    facts, window, kinds = ORDERS[asked.kind]
    orders = {}
    for title, (condition, event) in kinds.items():
        statement = (
            f"with looked_back as ({window.format(quoted(build))})"
            " select order_id::text as order_id, outcome, resolved_at, amount::float as amount,"
            " is_excluded,"
            f" {SMALL[asked.kind]} as is_small,"
            f" not is_excluded and coalesce(({event} at time zone business_time_zone)::date"
            " > (cast(:as_of as timestamptz) at time zone business_time_zone)::date - (select days"
            " from looked_back),"
            f" false) as is_counted from ({facts.format(quoted(build))}) as facts"
            f" cross join {quoted(build, 'run_context')} as run_context where {condition}"
            f" and ({event} is null or {event} <= :as_of)"
            f" order by is_counted desc, {event} desc nulls last, order_id limit {SHOWN}"
        )
        given = {"key": asked.key, "as_of": asked.as_of, "trust_days": asked.trust_days}
        if listed := rows(connection, statement, **given):
            orders[title] = listed
    return orders

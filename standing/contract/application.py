"""What is read of the application's tables. Only what is marked as required has to be there."""

from standing.contract.sources import FAMILIES, Loss, Source, SourceColumn

_ACTIVITY = Loss("activity is seen from orders, messages and reviews only")
_EMAIL = Loss("no points for a verified e-mail address", ("email_verified",))
_PHONE = Loss("no points for a verified phone number", ("phone_verified",))
_OWNER = Loss(
    "a shop's trade and ratings do not count for the trust of the person behind it", ("positive_share",)
)
_OPENING = Loss("a replay shows shops that were not there yet")
_VALUE = Loss("orders have no value: no revenue, and none is too small for trust", ("completed_value",))
_PROCESSING = Loss("processing times and fulfilment are less exact")
_PAID = Loss("processing times and fulfilment are less exact; reviews of unpaid orders may count")
_SHIPPED = Loss("processing times and fulfilment are less exact; the forecast has no hours to ship")
_PUNCTUALITY = Loss("punctuality is not known")
_ENDED = Loss("an order's end is dated by its other times")
_CANCELLED_BY = Loss("cancelled orders count against nobody; to the forecast all are problems")
_REFUNDS = Loss("refunds are not seen")
_UPDATED = Loss("an ended order without any time is dated by its creation")
_REVIEWED_ORDER = Loss(
    "reviews_need_order is off: anybody's reviews move ratings and tiers; the forecast knows of no"
    " order how it went"
)
_REVIEWED_SHOP = Loss("reviews without an order count nowhere")
_REVIEWER = Loss("a review is credited to its order's buyer, or to nobody")
_STOCK = Loss("performance shows no listings and no stock")
_ANSWERS = Loss("no response rate and no response times", ("response_rate",))
_DISPUTES = Loss("lost disputes do not lower trust")
_RETURNS = Loss("only full refunds count as returns")
_VISITS = Loss("behavior shows no length of visits")
_BALANCES = Loss("performance shows no balances")
_REPORTS = Loss("reports do not lower trust")
_WARNINGS = Loss("warnings do not lower trust")
_EXCLUSIONS = Loss("no order can be taken out of the rates")
_SHOPS = "seller_profiles.id"

SOURCES = (
    Source(
        "users",
        "One row per member.",
        (
            SourceColumn("id", "key", required=True),
            SourceColumn("created_at", "moment", required=True),
            SourceColumn("last_login_at", "moment", loss=_ACTIVITY),
            SourceColumn("email_verified", "flag", loss=_EMAIL),
            SourceColumn("phone_verified", "flag", loss=_PHONE),
            SourceColumn("kyc_status", "text"),
            SourceColumn("security_settings", "document"),
        ),
        members=({"user_id": "id"},),
        affects_counterparties=("id", "created_at"),
        by_row=True,
    ),
    Source(
        "seller_profiles",
        "One row per shop.",
        (
            SourceColumn("id", "key", required=True),
            SourceColumn("user_id", "key", loss=_OWNER, references="users.id", looked_up=True),
            SourceColumn("created_at", "moment", loss=_OPENING),
            SourceColumn("rating_score", "number", required=True, in_staging=False),
            SourceColumn("rating_count", "number", required=True, in_staging=False),
        ),
        members=({"seller_id": "id", "user_id": "user_id"},),
        affects_counterparties=("id", "user_id", "created_at"),
        by_row=True,
    ),
    Source(
        "orders",
        "One row per order of one buyer at one shop.",
        (
            SourceColumn("id", "key", required=True, looked_up=True),
            SourceColumn("buyer_id", "key", required=True, references="users.id", looked_up=True),
            SourceColumn("seller_id", "key", required=True, references=_SHOPS, looked_up=True),
            SourceColumn("status", "text", required=True),
            SourceColumn("total_amount", "number", loss=_VALUE),
            SourceColumn("created_at", "moment", required=True),
            SourceColumn("paid_at", "moment", loss=_PAID),
            SourceColumn("ship_by", "deadline", loss=_PROCESSING),
            SourceColumn("shipped_at", "moment", loss=_SHIPPED),
            SourceColumn("promised_at", "deadline", loss=_PUNCTUALITY),
            SourceColumn("delivered_at", "moment", loss=_PUNCTUALITY),
            SourceColumn("completed_at", "moment", loss=_ENDED),
            SourceColumn("cancelled_at", "moment", loss=_ENDED),
            SourceColumn("cancelled_by", "text", loss=_CANCELLED_BY),
            SourceColumn("refunded_at", "moment", loss=_REFUNDS),
            SourceColumn("refunded_amount", "number", loss=_REFUNDS),
            SourceColumn("updated_at", "moment", loss=_UPDATED),
        ),
        members=({"order_id": "id", "user_id": "buyer_id", "seller_id": "seller_id"},),
    ),
    Source(
        "reviews",
        "One row per review of an order or a shop.",
        (
            SourceColumn("id", "key", required=True, looked_up=True),
            SourceColumn("order_id", "key", loss=_REVIEWED_ORDER, references="orders.id", looked_up=True),
            SourceColumn("seller_id", "key", loss=_REVIEWED_SHOP, references=_SHOPS, looked_up=True),
            SourceColumn("reviewer_id", "key", loss=_REVIEWER, references="users.id", looked_up=True),
            SourceColumn("rating", "number", required=True),
            SourceColumn("created_at", "moment", required=True),
            SourceColumn("detailed_ratings", "document"),
            SourceColumn("engagement", "document"),
            SourceColumn("moderation", "document"),
        ),
        members=(
            {"order_id": "order_id", "user_id": "reviewer_id", "seller_id": "seller_id", "review_id": "id"},
        ),
    ),
    Source(
        "products",
        "One row per article a shop offers.",
        (
            SourceColumn("id", loss=_STOCK),
            SourceColumn("seller_id", "reference", loss=_STOCK, looked_up=True, references=_SHOPS),
            SourceColumn("status", "text", loss=_STOCK),
            SourceColumn("stock", "number", loss=_STOCK),
        ),
        members=({"seller_id": "seller_id"},),
    ),
    Source(
        "messages",
        "One row per message between two members.",
        (
            SourceColumn("id", "identity", loss=_ANSWERS),
            SourceColumn("thread_id", "identity", loss=_ANSWERS, looked_up=True),
            SourceColumn("sender_id", "reference", loss=_ANSWERS, looked_up=True, references="users.id"),
            SourceColumn("recipient_id", "reference", loss=_ANSWERS, looked_up=True, references="users.id"),
            SourceColumn("sent_at", "moment", loss=_ANSWERS),
        ),
        members=({"thread_id": "thread_id", "user_id": "sender_id"},),
        left_behind=({"user_id": "recipient_id"},),
    ),
    Source(
        "disputes",
        "One row per dispute about an order.",
        (
            SourceColumn("id", loss=_DISPUTES),
            SourceColumn("order_id", "reference", loss=_DISPUTES, looked_up=True, references="orders.id"),
            SourceColumn("opened_at", "moment", loss=_DISPUTES),
            SourceColumn("resolved_at", "moment", loss=_DISPUTES),
            SourceColumn("decided_against", "text", loss=_DISPUTES),
        ),
        members=({"order_id": "order_id"},),
    ),
    Source(
        "returns",
        "One row per return of an order.",
        (
            SourceColumn("id", loss=_RETURNS),
            SourceColumn("order_id", "reference", loss=_RETURNS, looked_up=True, references="orders.id"),
            SourceColumn("requested_at", "moment"),
            SourceColumn("completed_at", "moment", loss=_RETURNS),
        ),
        members=({"order_id": "order_id"},),
    ),
    Source(
        "user_sessions",
        "One row per visit of a member.",
        (
            SourceColumn("user_id", "reference", loss=_VISITS, looked_up=True, references="users.id"),
            SourceColumn("started_at", "moment", loss=_VISITS),
            SourceColumn("ended_at", "moment", loss=_VISITS),
        ),
        members=({"user_id": "user_id"},),
    ),
    Source(
        "payouts",
        "One row per amount owed or paid to a shop.",
        (
            SourceColumn("id"),
            SourceColumn("seller_id", "reference", loss=_BALANCES, looked_up=True, references=_SHOPS),
            SourceColumn("amount", "number", loss=_BALANCES),
            SourceColumn("status", "text", loss=_BALANCES),
            SourceColumn("created_at", "moment", loss=_BALANCES),
        ),
        members=({"seller_id": "seller_id"},),
    ),
    *(
        Source(
            table,
            f"One row per {row} member.",
            (
                SourceColumn("user_id", "reference", loss=loss, looked_up=True, references="users.id"),
                SourceColumn("created_at", "moment", loss=loss),
                SourceColumn("decided_at", "moment", loss=loss),
                SourceColumn("outcome", "text", loss=loss),
            ),
            members=({"user_id": "user_id"},),
        )
        for table, row, loss in (
            ("user_reports", "report about a", _REPORTS),
            ("user_warnings", "warning given to a", _WARNINGS),
        )
    ),
    Source(
        "order_exclusions",
        "Orders that leave every rate, such as those of a flood.",
        (
            SourceColumn("order_id", "reference", loss=_EXCLUSIONS, looked_up=True, references="orders.id"),
            SourceColumn("reason"),
            SourceColumn("decided_at", "moment", loss=_EXCLUSIONS),
        ),
        members=({"order_id": "order_id"},),
    ),
    Source(
        "referred_users",
        "Made by the upgrade. One row per referred person.",
        (
            SourceColumn("id", "identity"),
            SourceColumn("referrer_id", "reference", references="users.id"),
            SourceColumn("referee_id", "reference", references="users.id"),
            SourceColumn("referred_at", "moment"),
            SourceColumn("signed_up_at", "moment"),
            SourceColumn("first_purchase_at", "moment"),
        ),
        members=({"user_id": "referrer_id"}, {"user_id": "referee_id"}),
    ),
    Source(
        "loyalty_programs",
        "Made by the upgrade. One row per member's points, as they stand now.",
        (
            SourceColumn("user_id", "reference", references="users.id", looked_up=True),
            SourceColumn("points_balance", "number"),
            SourceColumn("tier", "text"),
            SourceColumn("tier_achieved_at", "moment"),
        ),
        members=(),
    ),
    Source(
        "points_transactions",
        "Made by the upgrade. One row per entry of the points ledger, by the application or by Standing.",
        (
            SourceColumn("id", "identity"),
            SourceColumn("user_id", "reference", references="users.id", looked_up=True),
            SourceColumn("type", "text"),
            SourceColumn("amount", "number"),
            SourceColumn("source", "text"),
            SourceColumn("source_id", "reference"),
            SourceColumn("status", "text"),
            SourceColumn("expires_at", "moment"),
            SourceColumn("created_at", "moment"),
        ),
        members=({"user_id": "user_id"},),
        posted_to=True,
        concerns=("points",),
    ),
)

#: A marketplace cannot be scored without them.
REQUIRED = tuple(source.table for source in SOURCES if source.required)

#: "table.column" → the types that fit, as standing/contract/relations.py spells them.
FITTING = {
    f"{source.table}.{column.name}": FAMILIES[column.family]
    for source in SOURCES
    for column in source.columns
    if column.family
}

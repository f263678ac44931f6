"""What the change log follows: the tables that staging reads, and the members whom a row of each concerns.

A row of a table gives one row of the log for each of its `members`, from a column of the log to the
table's column. What is missing in an application is left out.
"""

from dataclasses import dataclass

Keys = dict[str, str]


@dataclass(frozen=True)
class Followed:
    """One table of the application.

    `reads` are the other columns that staging reads. `left_behind` are members that only the old side of an
    update or a delete has to name, because a new row is found through its other keys. On a change of one of
    the `wide` columns, and on the coming and going of a row, the documents of others hang. Where `by_row`,
    a trigger on the columns read keeps our own writes to the same table out of the log.
    """

    table: str
    members: tuple[Keys, ...]
    reads: tuple[str, ...] = ()
    left_behind: tuple[Keys, ...] = ()
    wide: tuple[str, ...] = ()
    by_row: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read, keys first, each once."""
        keys = [column for row in (*self.members, *self.left_behind) for column in row.values()]
        return tuple(dict.fromkeys((*keys, *self.reads)))


#: The log's columns, in order.
LOG_KEYS = ("user_id", "seller_id", "order_id", "thread_id", "review_id")

FOLLOWED = (
    Followed(
        "users",
        ({"user_id": "id"},),
        reads=(
            "created_at",
            "last_login_at",
            "email_verified",
            "phone_verified",
            "kyc_status",
            "security_settings",
        ),
        wide=("id", "created_at"),
        by_row=True,
    ),
    Followed(
        "seller_profiles",
        ({"seller_id": "id", "user_id": "user_id"},),
        reads=("created_at",),
        wide=("id", "user_id", "created_at"),
        by_row=True,
    ),
    Followed(
        "orders",
        ({"order_id": "id", "user_id": "buyer_id", "seller_id": "seller_id"},),
        reads=(
            "status",
            "total_amount",
            "created_at",
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
    ),
    Followed(
        "reviews",
        ({"order_id": "order_id", "user_id": "reviewer_id", "seller_id": "seller_id", "review_id": "id"},),
        reads=("rating", "created_at", "detailed_ratings", "engagement", "moderation"),
    ),
    Followed("products", ({"seller_id": "seller_id"},), reads=("id", "status", "stock")),
    Followed(
        "messages",
        ({"thread_id": "thread_id", "user_id": "sender_id"},),
        reads=("id", "sent_at"),
        left_behind=({"user_id": "recipient_id"},),
    ),
    Followed(
        "disputes", ({"order_id": "order_id"},), reads=("id", "opened_at", "resolved_at", "decided_against")
    ),
    Followed("returns", ({"order_id": "order_id"},), reads=("id", "requested_at", "completed_at")),
    Followed("user_sessions", ({"user_id": "user_id"},), reads=("started_at", "ended_at")),
    Followed("payouts", ({"seller_id": "seller_id"},), reads=("id", "amount", "status", "created_at")),
    Followed("user_reports", ({"user_id": "user_id"},), reads=("created_at", "decided_at", "outcome")),
    Followed("user_warnings", ({"user_id": "user_id"},), reads=("created_at", "decided_at", "outcome")),
    Followed("order_exclusions", ({"order_id": "order_id"},), reads=("reason", "decided_at")),
    Followed(
        "referred_users",
        ({"user_id": "referrer_id"}, {"user_id": "referee_id"}),
        reads=("first_purchase_at",),
    ),
)

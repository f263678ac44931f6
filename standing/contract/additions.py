"""What the upgrade adds to the application's tables, and which of their columns it reads.

Names, types and defaults are those of the migration guide.
"""

from standing.contract.declare import Addition, Column, Default, Index
from standing.contract.defaults import (
    ENGAGEMENT,
    GAMIFICATION,
    MODERATION,
    PREFERENCES,
    SECURITY_SETTINGS,
)
from standing.contract.targets import published_in


def _published(table: str) -> tuple[Column, ...]:
    return _documents(**{target.column: target.document.default for target in published_in(table)})


def _documents(**documents: Default | None) -> tuple[Column, ...]:
    return tuple(Column(name, "jsonb", document=document) for name, document in documents.items())


#: 8 columns on users, 9 on seller_profiles, 11 on reviews, 5 on admin_users.
ADDITIONS = (
    Addition(
        "users",
        (
            *_published("users"),
            *_documents(preferences=PREFERENCES, gamification=GAMIFICATION),
            Column("kyc_status", "character varying(50)", "'not_verified'"),
            *_documents(kyc_documents=None, devices=Default([]), security_settings=SECURITY_SETTINGS),
        ),
    ),
    Addition(
        "seller_profiles",
        (
            *_published("seller_profiles"),
            *_documents(
                ai_insights=None,
                business_info=None,
                operating_hours=None,
                shipping_settings=None,
                certifications=Default([]),
                customer_service=None,
            ),
        ),
    ),
    Addition(
        "reviews",
        (
            *_documents(
                detailed_ratings=None,
                ai_analysis=None,
                seller_response=None,
                engagement=ENGAGEMENT,
                moderation=MODERATION,
                context=None,
                badges=Default([]),
            ),
            Column("title", "character varying(255)"),
            *_documents(pros=None, cons=None, media=Default([])),
        ),
    ),
    Addition(
        "admin_users",
        _documents(
            performance_metrics=None,
            work_schedule=None,
            specialization=None,
            training=None,
            security=None,
        ),
        optional=True,
    ),
)

#: The legacy columns without which there is nothing to upgrade or to score.
REQUIRED = {
    "users": {"id": "key", "created_at": "moment"},
    "seller_profiles": {"id": "key", "rating_score": "number", "rating_count": "number"},
    "orders": {
        "id": "key",
        "buyer_id": "key",
        "seller_id": "key",
        "status": "text",
        "created_at": "moment",
    },
    "reviews": {"id": "key", "rating": "number", "created_at": "moment"},
}

#: The types, without their lengths, that each kind of legacy column may have; enums count as text.
FITTING = {
    "key": ("uuid",),
    "moment": ("timestamp with time zone", "timestamp without time zone"),
    "number": ("smallint", "integer", "bigint", "numeric", "real", "double precision"),
    "text": ("text", "character varying", "character"),
}

#: Tables that may be missing, and what is then left out of the upgrade.
OPTIONAL = {"admin_users": "its 5 columns", "products": "the table wishlists"}

#: What the pipeline looks members' rows up by; made where no index leads with the column.
LOOKUPS = {
    "orders": (
        Index("standing_orders_id", "id"),
        Index("standing_orders_buyer_id", "buyer_id"),
        Index("standing_orders_seller_id", "seller_id"),
    ),
    "reviews": (
        Index("standing_reviews_id", "id"),
        Index("standing_reviews_order_id", "order_id"),
        Index("standing_reviews_seller_id", "seller_id"),
        Index("standing_reviews_reviewer_id", "reviewer_id"),
    ),
    "seller_profiles": (Index("standing_seller_profiles_user_id", "user_id"),),
    "products": (Index("standing_products_seller_id", "seller_id"),),
    "messages": (
        Index("standing_messages_thread_id", "thread_id"),
        Index("standing_messages_sender_id", "sender_id"),
        Index("standing_messages_recipient_id", "recipient_id"),
    ),
    "disputes": (Index("standing_disputes_order_id", "order_id"),),
    "returns": (Index("standing_returns_order_id", "order_id"),),
    "order_exclusions": (Index("standing_order_exclusions_order_id", "order_id"),),
    "user_sessions": (Index("standing_user_sessions_user_id", "user_id"),),
    "user_reports": (Index("standing_user_reports_user_id", "user_id"),),
    "user_warnings": (Index("standing_user_warnings_user_id", "user_id"),),
    "payouts": (Index("standing_payouts_seller_id", "seller_id"),),
}

"""What the upgrade adds to the application's tables, and which of their columns it reads.

Names, types, defaults and JSON keys are those of the migration guide; its `NOW()` inside JSON literals
is written as what it means, the moment of the insert.
"""

from migrations.declare import Addition, Column, Document, Index

TRUST_SCORE = Document(
    {
        "overall_score": 50,
        "level": "bronze",
        "identity_score": 0,
        "transaction_score": 0,
        "behavior_score": 0,
        "community_score": 0,
        "factors": {"positive": [], "negative": []},
    },
    {"last_calculated": "", "next_review": "7 days"},
)

BEHAVIOR_SCORE = Document(
    {
        "response_rate": 0,
        "response_time_avg": 0,
        "response_time_median": 0,
        "completion_rate": 0,
        "cancellation_rate": 0,
        "dispute_rate": 0,
        "active_days_last_30": 0,
        "avg_session_duration": 0,
        "report_count": 0,
        "warning_count": 0,
        "helpful_reviews_count": 0,
        "risk_level": "low",
        "risk_factors": [],
    },
    {"last_active": "", "last_updated": ""},
)

PREFERENCES = Document(
    {
        "favorite_categories": [],
        "price_range": {"min": 0, "max": 1000000},
        "preferred_conditions": ["new", "like_new", "good"],
        "preferred_shipping": [],
        "notification_settings": {
            "email": True,
            "sms": False,
            "push": True,
            "marketing": True,
            "price_drop_alerts": True,
            "back_in_stock_alerts": True,
            "new_message_alerts": True,
            "order_updates": True,
        },
        "language": "th",
        "theme": "auto",
        "currency": "THB",
        "privacy_settings": {
            "show_online_status": True,
            "show_last_seen": True,
            "allow_messages_from": "everyone",
            "show_purchase_history": False,
            "show_reviews": True,
        },
        "ai_recommendations_enabled": True,
        "personalized_search_enabled": True,
    },
    {"updated_at": ""},
)

GAMIFICATION = Document(
    {
        "level": 1,
        "experience_points": 0,
        "points_to_next_level": 100,
        "badges": [],
        "achievements": [],
        "login_streak": 0,
        "purchase_streak": 0,
        "review_streak": 0,
        "milestones_completed": [],
    }
)

SECURITY_SETTINGS = Document(
    {
        "two_factor_enabled": False,
        "require_verification_new_device": True,
        "blocked_users": [],
        "is_banned": False,
    }
)

RATINGS = Document(
    {
        "overall": 0,
        "total_reviews": 0,
        "product_quality": 0,
        "communication": 0,
        "shipping_speed": 0,
        "packaging": 0,
        "accuracy": 0,
        "value_for_money": 0,
        "rating_distribution": {
            "five_star": 0,
            "four_star": 0,
            "three_star": 0,
            "two_star": 0,
            "one_star": 0,
        },
        "rating_trend": "stable",
        "last_30_days_avg": 0,
        "last_90_days_avg": 0,
    },
    {"last_updated": ""},
)

PERFORMANCE = Document(
    {
        "total_sales": 0,
        "total_revenue": 0,
        "avg_order_value": 0,
        "last_30_days_sales": 0,
        "last_30_days_revenue": 0,
        "month_over_month_growth": 0,
        "total_customers": 0,
        "repeat_customer_rate": 0,
        "customer_retention_rate": 0,
        "order_fulfillment_rate": 0,
        "avg_processing_time": 0,
        "on_time_delivery_rate": 0,
        "return_rate": 0,
        "dispute_rate": 0,
        "defect_rate": 0,
        "response_time_avg": 0,
        "response_rate": 0,
        "active_listings": 0,
        "sold_out_listings": 0,
        "avg_stock_level": 0,
        "pending_balance": 0,
        "available_balance": 0,
        "total_withdrawn": 0,
    },
    {"last_calculated": ""},
)

TIER_INFO = Document(
    {
        "current_tier": "starter",
        "tier_level": 1,
        "benefits": [],
        "commission_rate": 5.0,
        "boost_multiplier": 1.0,
        "priority_support": False,
        "tier_change_history": [],
    },
    {"tier_achieved_at": ""},
)

ENGAGEMENT = Document(
    {
        "helpful_count": 0,
        "not_helpful_count": 0,
        "helpful_ratio": 0,
        "reported_count": 0,
        "view_count": 0,
        "share_count": 0,
    }
)

MODERATION = Document(
    {"status": "pending", "auto_moderation_passed": True, "requires_manual_review": False}
)


def _documents(**documents: Document | None) -> tuple[Column, ...]:
    return tuple(Column(name, "jsonb", document=document) for name, document in documents.items())


#: 8 columns on users, 9 on seller_profiles, 11 on reviews, 5 on admin_users.
ADDITIONS = (
    Addition(
        "users",
        (
            *_documents(
                trust_score=TRUST_SCORE,
                behavior_score=BEHAVIOR_SCORE,
                preferences=PREFERENCES,
                gamification=GAMIFICATION,
            ),
            Column("kyc_status", "character varying(50)", "'not_verified'"),
            *_documents(kyc_documents=None, devices=Document([]), security_settings=SECURITY_SETTINGS),
        ),
    ),
    Addition(
        "seller_profiles",
        _documents(
            ratings=RATINGS,
            performance=PERFORMANCE,
            tier_info=TIER_INFO,
            ai_insights=None,
            business_info=None,
            operating_hours=None,
            shipping_settings=None,
            certifications=Document([]),
            customer_service=None,
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
                badges=Document([]),
            ),
            Column("title", "character varying(255)"),
            *_documents(pros=None, cons=None, media=Document([])),
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
        Index("standing_orders_buyer_id", "buyer_id"),
        Index("standing_orders_seller_id", "seller_id"),
    ),
    "reviews": (
        Index("standing_reviews_order_id", "order_id"),
        Index("standing_reviews_seller_id", "seller_id"),
        Index("standing_reviews_reviewer_id", "reviewer_id"),
    ),
}

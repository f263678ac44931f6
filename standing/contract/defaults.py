"""The default documents of the new columns, with exactly the migration guide's keys and values.

Its `NOW()` inside JSON literals is written as what it means, the moment of the insert.
"""

from standing.contract.declare import Document

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

"""Default documents of new columns that no run publishes, as the migration guide has them.

Its `NOW()` inside JSON literals is written as what it means, the moment of the insert.
"""

from standing.contract.declare import Default

PREFERENCES = Default(
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

GAMIFICATION = Default(
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

SECURITY_SETTINGS = Default(
    {
        "two_factor_enabled": False,
        "require_verification_new_device": True,
        "blocked_users": [],
        "is_banned": False,
    }
)

ENGAGEMENT = Default(
    {
        "helpful_count": 0,
        "not_helpful_count": 0,
        "helpful_ratio": 0,
        "reported_count": 0,
        "view_count": 0,
        "share_count": 0,
    }
)

MODERATION = Default({"status": "pending", "auto_moderation_passed": True, "requires_manual_review": False})

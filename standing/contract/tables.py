"""The nine tables of the migration guide, in the order in which they can be made."""

from standing.contract.declare import Column, Default, ForeignKey, Index, Table

UUID = "uuid"
TEXT = "text"
INTEGER = "integer"
BOOLEAN = "boolean"
JSONB = "jsonb"
MONEY = "numeric(10,2)"
TIMESTAMP = "timestamp without time zone"


def _varchar(length: int) -> str:
    return f"character varying({length})"


_ID = Column("id", UUID, "gen_random_uuid()", required=True)
_USER_ID = Column("user_id", UUID, required=True)
_USER = ForeignKey("user_id", "users", "cascade")

LOYALTY_PROGRAMS = Table(
    "loyalty_programs",
    (
        _ID,
        _USER_ID,
        Column("points_balance", INTEGER, "0"),
        Column("points_lifetime", INTEGER, "0"),
        Column("points_pending", INTEGER, "0"),
        Column("points_expired", INTEGER, "0"),
        Column("tier", _varchar(20), "'bronze'"),
        Column("tier_points_required", INTEGER, "0"),
        Column("tier_achieved_at", TIMESTAMP, "now()"),
        Column("tier_expires_at", TIMESTAMP),
        Column("member_since", TIMESTAMP, "now()"),
        Column("last_updated", TIMESTAMP, "now()"),
    ),
    foreign_keys=(_USER,),
    unique=(("user_id",),),
    indexes=(Index("idx_loyalty_user_id", "user_id"), Index("idx_loyalty_tier", "tier")),
)

POINTS_TRANSACTIONS = Table(
    "points_transactions",
    (
        _ID,
        _USER_ID,
        Column("type", _varchar(20), required=True),
        Column("amount", INTEGER, required=True),
        Column("balance_after", INTEGER, required=True),
        Column("source", _varchar(50), required=True),
        Column("source_id", UUID),
        Column("description", TEXT, required=True),
        Column("status", _varchar(20), "'confirmed'"),
        Column("expires_at", TIMESTAMP),
        Column("created_at", TIMESTAMP, "now()"),
    ),
    foreign_keys=(_USER,),
    indexes=(
        Index("idx_points_user_id", "user_id"),
        Index("idx_points_created_at", "created_at", descending=True),
        Index("idx_points_source", "source"),
    ),
)

REWARDS = Table(
    "rewards",
    (
        _ID,
        Column("type", _varchar(50), required=True),
        Column("name", _varchar(255), required=True),
        Column("name_th", _varchar(255), required=True),
        Column("description", TEXT),
        Column("image_url", TEXT),
        Column("points_required", INTEGER, required=True),
        Column("value", _varchar(100)),
        Column("discount_type", _varchar(20)),
        Column("stock", INTEGER),
        Column("stock_unlimited", BOOLEAN, "false"),
        Column("min_purchase", MONEY),
        Column("applicable_categories", JSONB),
        Column("excluded_products", JSONB),
        Column("valid_days", INTEGER, "30"),
        Column("per_user_limit", INTEGER),
        Column("total_redemptions", INTEGER, "0"),
        Column("is_active", BOOLEAN, "true"),
        Column("is_featured", BOOLEAN, "false"),
        Column("created_at", TIMESTAMP, "now()"),
        Column("expires_at", TIMESTAMP),
    ),
    indexes=(Index("idx_rewards_active", "is_active"), Index("idx_rewards_points", "points_required")),
)

REDEEMED_REWARDS = Table(
    "redeemed_rewards",
    (
        _ID,
        _USER_ID,
        Column("reward_id", UUID, required=True),
        Column("points_spent", INTEGER, required=True),
        Column("voucher_code", _varchar(50)),
        Column("is_used", BOOLEAN, "false"),
        Column("used_at", TIMESTAMP),
        Column("used_on_order", UUID),
        Column("valid_until", TIMESTAMP, required=True),
        Column("is_expired", BOOLEAN, "false"),
        Column("redeemed_at", TIMESTAMP, "now()"),
    ),
    foreign_keys=(_USER, ForeignKey("reward_id", "rewards")),
    indexes=(Index("idx_redeemed_user_id", "user_id"), Index("idx_redeemed_valid", "valid_until")),
)

REFERRAL_PROGRAMS = Table(
    "referral_programs",
    (
        _ID,
        _USER_ID,
        Column("referral_code", _varchar(50), required=True),
        Column("custom_code", _varchar(50)),
        Column("total_referrals", INTEGER, "0"),
        Column("successful_referrals", INTEGER, "0"),
        Column("pending_referrals", INTEGER, "0"),
        Column("total_earned_points", INTEGER, "0"),
        Column("total_earned_cash", MONEY, "0"),
        Column("share_count", INTEGER, "0"),
        Column("created_at", TIMESTAMP, "now()"),
        Column("last_updated", TIMESTAMP, "now()"),
    ),
    foreign_keys=(_USER,),
    unique=(("referral_code",), ("user_id",)),
    indexes=(Index("idx_referral_code", "referral_code"), Index("idx_referral_user_id", "user_id")),
)

REFERRED_USERS = Table(
    "referred_users",
    (
        _ID,
        Column("referrer_id", UUID, required=True),
        Column("referee_id", UUID),
        Column("email", _varchar(255)),
        Column("status", _varchar(50), "'pending'"),
        Column("referred_at", TIMESTAMP, "now()"),
        Column("signed_up_at", TIMESTAMP),
        Column("first_purchase_at", TIMESTAMP),
        Column("referrer_reward_claimed", BOOLEAN, "false"),
        Column("referrer_reward_amount", INTEGER, "0"),
        Column("referee_reward_claimed", BOOLEAN, "false"),
        Column("referee_reward_amount", INTEGER, "0"),
        Column("total_purchases", INTEGER, "0"),
        Column("total_spent", MONEY, "0"),
    ),
    foreign_keys=(
        ForeignKey("referrer_id", "users", "cascade"),
        ForeignKey("referee_id", "users", "set null"),
    ),
    indexes=(
        Index("idx_referred_referrer", "referrer_id"),
        Index("idx_referred_referee", "referee_id"),
        Index("idx_referred_status", "status"),
    ),
)

WISHLISTS = Table(
    "wishlists",
    (
        _ID,
        _USER_ID,
        Column("product_id", UUID, required=True),
        Column("added_at", TIMESTAMP, "now()"),
        Column("price_at_add", MONEY),
        Column("price_drop_alert", BOOLEAN, "true"),
        Column("target_price", MONEY),
        Column("back_in_stock_alert", BOOLEAN, "true"),
        Column("price_drop_notified", BOOLEAN, "false"),
        Column("back_in_stock_notified", BOOLEAN, "false"),
        Column("priority", _varchar(20), "'medium'"),
        Column("notes", TEXT),
    ),
    foreign_keys=(_USER, ForeignKey("product_id", "products", "cascade")),
    unique=(("user_id", "product_id"),),
    indexes=(Index("idx_wishlist_user_id", "user_id"), Index("idx_wishlist_product_id", "product_id")),
)

COLLECTIONS = Table(
    "collections",
    (
        _ID,
        _USER_ID,
        Column("name", _varchar(255), required=True),
        Column("description", TEXT),
        Column("cover_image", TEXT),
        Column("product_ids", JSONB, document=Default([])),
        Column("item_count", INTEGER, "0"),
        Column("is_public", BOOLEAN, "false"),
        Column("is_featured", BOOLEAN, "false"),
        Column("follower_count", INTEGER, "0"),
        Column("view_count", INTEGER, "0"),
        Column("share_count", INTEGER, "0"),
        Column("tags", JSONB, document=Default([])),
        Column("category", _varchar(100)),
        Column("created_at", TIMESTAMP, "now()"),
        Column("updated_at", TIMESTAMP, "now()"),
    ),
    foreign_keys=(_USER,),
    indexes=(Index("idx_collection_user_id", "user_id"), Index("idx_collection_public", "is_public")),
)

MODERATION_QUEUE = Table(
    "moderation_queue",
    (
        _ID,
        Column("type", _varchar(50), required=True),
        Column("item_id", UUID, required=True),
        Column("item_type", _varchar(50), required=True),
        Column("item_data", JSONB),
        Column("priority", _varchar(20), "'medium'"),
        Column("priority_score", INTEGER, "50"),
        Column("flagged_reason", JSONB, document=Default([])),
        Column("flagged_by", _varchar(50)),
        Column("reporter_id", UUID),
        Column("ai_recommendation", _varchar(50)),
        Column("ai_confidence", INTEGER),
        Column("ai_risk_factors", JSONB, document=Default([])),
        Column("assigned_to", UUID),
        Column("assigned_at", TIMESTAMP),
        Column("status", _varchar(50), "'pending'"),
        Column("resolved_by", UUID),
        Column("resolved_at", TIMESTAMP),
        Column("resolution_action", _varchar(100)),
        Column("resolution_notes", TEXT),
        Column("created_at", TIMESTAMP, "now()"),
        Column("due_date", TIMESTAMP),
    ),
    indexes=(
        Index("idx_moderation_status", "status"),
        Index("idx_moderation_priority", "priority_score", descending=True),
        Index("idx_moderation_assigned", "assigned_to"),
    ),
)

TABLES = (
    LOYALTY_PROGRAMS,
    POINTS_TRANSACTIONS,
    REWARDS,
    REDEEMED_REWARDS,
    REFERRAL_PROGRAMS,
    REFERRED_USERS,
    WISHLISTS,
    COLLECTIONS,
    MODERATION_QUEUE,
)

"""What is measured to see whether a marketplace is believable; policy has each range (plausible_ranges)."""

from dataclasses import dataclass

from expectations.targets import mart_columns
from standing.contract.documents.performance import PERFORMANCE

FLAGS = ("email_verified", "phone_verified")

STATUSES = "say in seeds/order_statuses.csv what the statuses mean that the application ends an order with"
DATES = "bring the application's own times into {}"
KEYS = "see that {} holds the key that the column promises"
SET_ASIDE = "find the cause by the keys and reasons in the report"


@dataclass(frozen=True)
class Measure:
    """A measure of plausible.sql.j2: what it means to be out of range, and what helps.

    What `only_warns` stops no first publication.
    """

    name: str
    meaning: str
    action: str
    needs: tuple[str, ...] = ()
    only_warns: bool = False


def _set_aside(source: str) -> Measure:
    return Measure(
        f"{source}_set_aside_share",
        f"So many rows of {source} count nowhere that scores are of another marketplace than the real one.",
        SET_ASIDE,
        ("build:stg_source_sizes.total",),
    )


MEASURES = (
    Measure(
        "completed_share", "Only completed orders count as trade: without them nobody has any.", STATUSES
    ),
    Measure("old_open_share", "Orders that never end count for nobody, whatever became of them.", STATUSES),
    Measure("unknown_status_share", "Orders of an unknown status count nowhere.", STATUSES),
    Measure("one_status_share", "Where all orders end alike, rates say nothing.", STATUSES),
    Measure(
        "one_buyer_share",
        "One account stands for many buyers: its scores are nobody's, and the others lack theirs.",
        KEYS.format("orders.buyer_id"),
    ),
    Measure(
        "one_seller_share",
        "One shop has nearly all orders, and the others have none of theirs.",
        KEYS.format("orders.seller_id"),
    ),
    Measure(
        "one_day_orders_share",
        "Windows, growth and retention are counted from dates that an import has written.",
        DATES.format("orders.created_at"),
    ),
    Measure(
        "one_day_reviews_share",
        "Trends of ratings are counted from dates that an import has written.",
        DATES.format("reviews.created_at"),
    ),
    Measure(
        "one_day_members_share",
        "The age of accounts is counted from dates that an import has written.",
        DATES.format("users.created_at"),
    ),
    Measure(
        "median_amount",
        "Amounts are read as baht: in another unit revenue and the value of trade are wrong for everybody.",
        "bring orders.total_amount into baht, for instance by a generated column: satang are hundredths",
        ("orders.total_amount",),
    ),
    Measure(
        "recent_amount_ratio",
        "Amounts of late are in another unit than those before, and both are summed.",
        "see which unit orders.total_amount is written in since then, and bring all into baht",
        ("orders.total_amount",),
    ),
    Measure(
        "whole_hundreds_share",
        "Amounts that are all whole hundreds are mostly satang: revenue would be a hundredfold.",
        "bring orders.total_amount into baht, for instance by a generated column: satang are hundredths",
        ("orders.total_amount",),
    ),
    Measure(
        "no_amount_share",
        "Orders without an amount bring no revenue and no value of trade.",
        "see which column the application writes an order's amount to; it is read from orders.total_amount",
        ("orders.total_amount",),
    ),
    Measure(
        "small_orders_share",
        "Orders under min_counted_amount count for no trust: much honest trade is not seen.",
        "see min_counted_amount in seeds/policy_numbers.csv: it is in baht, and meant for orders that are"
        " nearly free",
        ("orders.total_amount",),
        only_warns=True,
    ),
    Measure(
        "other_currency_share",
        "Amounts are summed as baht, whatever the currency beside them.",
        "bring orders.total_amount into baht",
    ),
    Measure(
        "payouts_ratio",
        "Shops cannot be paid many times what they sold: payouts and orders are in different units.",
        "bring payouts.amount and orders.total_amount into baht",
        ("orders.total_amount", "payouts.amount"),
    ),
    Measure(
        "known_canceller_share",
        "Who called an order off is not known by these words: no rate counts it, the forecast does.",
        "have orders.cancelled_by say buyer, seller or system",
        ("orders.cancelled_by",),
    ),
    Measure(
        "active_products_share",
        "Only products whose status is active are listings: shops would have none.",
        "have products.status say active",
        ("products.status",),
    ),
    Measure(
        "same_shop_share",
        "Shops do not trade alike by chance: these orders are made or copied.",
        "see whether DATABASE_URL leads to test data, and whether orders.seller_id is right",
        ("orders.total_amount",),
    ),
    Measure(
        "same_tier_share",
        "Nearly all shops that have the orders for more are in one tier.",
        "see that reviews and their ratings are read, and the minimums of seeds/tier_policy.csv",
        ("build:seller_tiers.current_tier",),
    ),
    Measure(
        "same_level_share",
        "Nearly all buyers who trade are on one level, so it tells nobody apart.",
        "see what the report lists as missing, and the minimums of seeds/trust_levels.csv",
        ("build:user_trust_scores.level",),
    ),
    Measure(
        "unscored_members_share",
        "Who has not joined yet is not scored.",
        DATES.format("users.created_at") + ", and see SOURCE_TIME_ZONE",
    ),
    Measure(
        "unknown_kyc_share",
        "A member whose kyc_status policy does not know counts as not verified.",
        "say in seeds/kyc_statuses.csv which words mean verified",
        ("users.kyc_status",),
    ),
    *(
        Measure(
            f"known_{flag.partition('_')[0]}_share",
            f"Nobody gets the points for {flag}: the application does not fill the column.",
            f"fill users.{flag} from where the application notes it",
            (f"users.{flag}",),
        )
        for flag in FLAGS
    ),
    Measure(
        "memberless_shops_share",
        "The trade of these shops counts for no member's trust.",
        KEYS.format("seller_profiles.user_id"),
        ("seller_profiles.user_id",),
    ),
    Measure(
        "one_star_share",
        "Where all stars are alike, ratings tell nobody apart.",
        "see what the application writes to reviews.rating: 1 to 5 stars are read",
    ),
    Measure(
        "mean_stars",
        "Nearly all shops would be among the worst: the scale may be another than 1 to 5 stars.",
        "bring reviews.rating to 1 to 5 stars, 5 the best",
    ),
    Measure(
        "reviews_beside_ratings",
        "Shops were rated, and the reviews are not there: ratings and tiers would fall for all of them.",
        "see where the application keeps its reviews, and whether this role may see them all",
        ("seller_profiles.rating_count",),
    ),
    Measure(
        "uncounted_reviews_share",
        "Reviews without an order of their writer move neither adjusted rating nor tier nor trust: then"
        " these hang on a few.",
        "see that reviews.order_id and reviewer_id are filled as reviews are written, or set"
        " reviews_need_order in seeds/policy_numbers.csv to 0",
        ("build:int_review_facts.is_counted",),
    ),
    Measure(
        "self_dealing_share",
        "Orders of one's own shop count nowhere.",
        KEYS.format("orders.buyer_id") + ", and so does seller_profiles.user_id",
        ("seller_profiles.user_id",),
    ),
    *(
        _set_aside(source)
        for source in (
            "orders",
            "reviews",
            "messages",
            "disputes",
            "returns",
            "user_sessions",
            "user_reports",
            "user_warnings",
            "order_exclusions",
            "products",
            "payouts",
        )
    ),
)

REVENUE = Measure(
    "published_revenue_ratio",
    "Revenue is of another size than what is published: amounts are in another unit now, or were before.",
    "see which unit orders.total_amount is written in, and bring all into baht",
    (*mart_columns(PERFORMANCE), f"seller_profiles.{PERFORMANCE.column}"),
)

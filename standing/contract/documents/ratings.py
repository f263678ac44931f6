"""seller_profiles.ratings"""

from standing.contract.document import (
    ABSENT,
    MEAN,
    RATES_EVIDENCE,
    Document,
    Key,
    changed_at,
    count,
    stars,
    text,
)
from standing.contract.members import SELLERS
from standing.contract.target import Histogram, Target

_STARS = ("five", "four", "three", "two", "one")


def _dimension(name: str) -> Key:
    meaning = "Mean of this key in detailed_ratings where it is a number from 1 to 5, else overall."
    return stars(name, meaning, "reviews.detailed_ratings")


RATINGS = Target(
    name="ratings",
    mart="seller_ratings",
    facts=("int_seller_reviews",),
    members=SELLERS,
    selection="scores",
    document=Document(
        "What buyers say of a shop in reviews, over its life and lately.",
        (
            stars("overall", "Plain mean of all ratings; 0 without reviews.", "reviews", scale=MEAN),
            count("total_reviews", "reviews", "Reviews that count.", "reviews"),
            _dimension("product_quality"),
            _dimension("communication"),
            _dimension("shipping_speed"),
            _dimension("packaging"),
            _dimension("accuracy"),
            _dimension("value_for_money"),
            Key(
                "rating_distribution",
                "object",
                "Reviews by stars.",
                "reviews",
                default={f"{number}_star": 0 for number in _STARS},
                sources=("reviews",),
                keys=tuple(
                    count(f"{number}_star", "reviews", f"Reviews of {number} stars.") for number in _STARS
                ),
            ),
            text(
                "rating_trend",
                "Exact mean of the last 30 days against the 60 before: improving or declining if strictly"
                " more than the threshold apart with enough reviews on each side, else stable.",
                "reviews",
                words=("improving", "declining", "stable"),
                default="stable",
                change="points",
            ),
            stars(
                "last_30_days_avg",
                "Plain mean of the last 30 days; undated reviews count over life only.",
                "reviews",
                scale=MEAN,
            ),
            stars("last_90_days_avg", "Plain mean of the last 90 days.", "reviews", scale=MEAN),
            stars(
                "adjusted",
                "(sum + k·prior) / (n + k), for ranking, over the reviews behind which there is an order of"
                " their writer, the first of each order; over all where reviews_need_order is 0 or the"
                " application says of no review which order it is about.",
                "reviews",
                "seeds/policy_numbers.csv",
                scale=MEAN,
                default=ABSENT,
            ),
            changed_at("last_updated"),
            RATES_EVIDENCE,
        ),
    ),
    number="overall",
    lasting=("{overall}", "{total_reviews}"),
    longest=1_000,
    histograms=(
        Histogram("rating", "Mean ratings", "overall", 0.5, counts="total_reviews"),
        Histogram(
            "adjusted_rating", "Ratings adjusted for ranking", "adjusted", 0.5, counts="total_reviews"
        ),
    ),
    mart_columns=("overall", "adjusted"),
    lists_changes=True,
)

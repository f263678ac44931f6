"""seller_profiles.performance"""

from standing.contract.document import (
    ABSENT,
    PERCENT,
    RATES_EVIDENCE,
    Audience,
    Document,
    Key,
    amount,
    changed_at,
    count,
    percentage,
)
from standing.contract.members import SELLERS
from standing.contract.target import Target


def _own(name: str, unit: str, meaning: str, source: str, lowest: float | None = 0) -> Key:
    """What only the shop itself sees of its trade."""
    return amount(name, unit, meaning, source, lowest=lowest, audience="member")


def _rate(name: str, meaning: str, *sources: str, audience: Audience = "public") -> Key:
    return percentage(name, meaning, *sources, "order_exclusions", audience=audience)


_FORECAST_FROM = (
    "orders",
    "reviews",
    "disputes",
    "order_exclusions",
    "seeds/problem_metrics.csv",
    "seeds/problem_bins.csv",
    "seeds/problem_rates.csv",
)
EXPECTED_PROBLEM_RATE = Key(
    "expected_problem_rate",
    "number",
    "Of the shop's orders of the next 90 days, the share that will probably go wrong, in percent: rated 1"
    " or 2 stars, cancelled but not by the buyer, or with a dispute decided against the seller. A forecast"
    " for ranking and support; no score, rating or tier is made of it. Points of problem_share,"
    " discontent_share and processing_hours look it up. An order is known once it is rated, has gone wrong,"
    " or was completed silence_days whole business days ago without a review; where no review names an"
    " order, silence says nothing. A shop of which nothing is known has the usual rate. Its evidence has"
    " num, den, k, prior and value of each measure, and its points beside those of its prior, which add up"
    " to points with base.",
    "%",
    audience="member",
    sources=_FORECAST_FROM,
    lowest=0,
    highest=100,
)
EXPECTED_PROBLEM_RANGE = Key(
    "expected_problem_range",
    "object",
    "Between low and high lie eight of ten shops with these points, in percent.",
    audience="member",
    sources=_FORECAST_FROM,
    keys=(
        Key("low", "number", "One of ten such shops has fewer.", "%", audience="member"),
        Key("high", "number", "One of ten such shops has more.", "%", audience="member"),
    ),
)

PERFORMANCE = Target(
    name="performance",
    mart="seller_performance",
    facts=("int_seller_performance",),
    members=SELLERS,
    selection="scores",
    document=Document(
        "A shop's sales over its life and lately, how it ships and what goes wrong, its listings and"
        " balances.",
        (
            count("total_sales", "orders", "Completed orders over life.", "orders"),
            _own("total_revenue", "baht", "Their amounts: total_amount less partial refunds.", "orders"),
            _own("avg_order_value", "baht", "Revenue by sales.", "orders", lowest=None),
            _own("last_30_days_sales", "orders", "Completed in the last 30 days.", "orders"),
            _own("last_30_days_revenue", "baht", "Their amounts.", "orders"),
            amount(
                "month_over_month_growth",
                "%",
                "Revenue of the last 30 days against the 30 before, in percent of these; 0 if these had"
                " none. Its evidence has the difference as num and the earlier revenue as den.",
                "orders",
                audience="member",
                scale=PERCENT,
            ),
            _own("total_customers", "members", "Different buyers of completed orders.", "orders"),
            _rate(
                "repeat_customer_rate",
                "Customers with two or more completed orders, in percent.",
                "orders",
                audience="member",
            ),
            _rate(
                "customer_retention_rate",
                "Of those who bought in the quarter before, the share who bought in this one, by"
                " completion, in percent.",
                "orders",
                audience="member",
            ),
            percentage(
                "order_fulfillment_rate",
                "Shipped of evaluated, in percent. An order is evaluated when it is shipped or due,"
                " whichever is first; it is due at ship_by, else after the policy's working hours from"
                " payment, else from creation, counted on the wall clock of the business time zone."
                " Delivered or accepted orders were shipped. What buyer, system or nobody known called off"
                " before it was due is not evaluated; what the seller called off is. Without shipped_at"
                " there is no evidence.",
                "orders",
                "order_exclusions",
                "seeds/non_working_days.csv",
            ),
            count(
                "avg_processing_time",
                "hours",
                "Hours from payment, else creation, to shipped_at, mean over orders shipped in the window;"
                " not below 0.",
                "orders",
                "order_exclusions",
            ),
            _rate(
                "on_time_delivery_rate",
                "Delivered on or before the promised business day, of delivered with a promise, in"
                " percent. Midnight begins the next day.",
                "orders",
            ),
            _rate("return_rate", "Returned of completed and returned, in percent.", "orders", "returns"),
            _rate(
                "dispute_rate",
                "Resolved orders with a dispute of all resolved, in percent.",
                "orders",
                "disputes",
                audience="member",
            ),
            _rate(
                "defect_rate",
                "Cancelled by the seller or lost by the seller in a dispute, of all resolved, in percent.",
                "orders",
                "disputes",
                audience="member",
            ),
            count("response_time_avg", "minutes", "Minutes, of the shop's person.", "messages"),
            percentage("response_rate", "Of the shop's person, as in behavior_score.", "messages"),
            count("active_listings", "products", "Products with status active.", "products"),
            _own(
                "sold_out_listings",
                "products",
                "Active products with a stock of 0; an unknown stock is not sold out.",
                "products",
            ),
            _own(
                "avg_stock_level",
                "pieces",
                "Mean stock of active products whose stock is known.",
                "products",
                lowest=None,
            ),
            _own("pending_balance", "baht", "Payouts pending.", "payouts", lowest=None),
            _own("available_balance", "baht", "Payouts available.", "payouts", lowest=None),
            _own("total_withdrawn", "baht", "Payouts withdrawn.", "payouts"),
            percentage(
                "effective_positive_rate",
                "Completed orders whose counted review (the one that moves the adjusted rating) has 4 or 5"
                " stars, of all completed orders, in percent: silence counts.",
                "orders",
                "reviews",
                "order_exclusions",
                default=ABSENT,
            ),
            EXPECTED_PROBLEM_RATE,
            EXPECTED_PROBLEM_RANGE,
            changed_at("last_calculated"),
            RATES_EVIDENCE,
        ),
    ),
    number="order_fulfillment_rate",
    lasting=("{total_sales}", "{total_revenue}"),
    longest=3_400,
)

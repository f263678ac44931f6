"""users.trust_score"""

from standing.contract.document import Document, Key, Moment, changed_at, count, evidence, text
from standing.contract.members import USERS
from standing.contract.target import Histogram, Ladder, Requirements, Target


def _category(name: str, meaning: str, *sources: str) -> Key:
    return count(name, "points", meaning, *sources, highest=100, audience="member")


_FACTOR = (
    text("code", "The metric, as in scorecard_metrics.", change="points"),
    Key("points", "number", "The bin's value times the category's weight.", "points"),
    Key("evidence", "object", "The numbers that put the member into the bin.", change="evidence"),
    text("label_en", "The metric in English.", change="wording"),
    text("label_th", "The metric in Thai.", change="wording"),
)

TRUST_SCORE = Target(
    name="trust_score",
    mart="user_trust_scores",
    facts=("int_user_metrics",),
    members=USERS,
    selection="scores",
    document=Document(
        "How far the others may trust a member.",
        (
            count(
                "overall_score",
                "points",
                "50 plus the points of all factors, one decimal, not below 0. A factor has its bin's value"
                " times its category's weight.",
                "the four categories",
                highest=100,
                default=50,
            ),
            text(
                "level",
                "The highest row of trust_levels whose minimum score, minimum completed orders, in both"
                " roles, and minimum of different partners are met; only orders count that count for the"
                " score. Banned members stay at the lowest.",
                "overall_score",
                "orders",
                "users.security_settings",
                default="bronze",
            ),
            _category("identity_score", "Values of the identity metrics summed, from 0 to 100.", "users"),
            _category(
                "transaction_score",
                "Values of the transaction metrics summed, from 0 to 100. Completed orders count of which"
                " min_counted_amount or more is left after refunds, and of one partner no more than"
                " max_orders_per_partner, the newest, where that is not 0.",
                "orders",
                "returns",
            ),
            _category(
                "behavior_score",
                "Values of the behavior metrics summed, from 0 to 100. Rates are smoothed; bad things have"
                " only values at or below 0. Clean orders are those that count as transactions; what goes"
                " wrong counts of orders that were placed for min_counted_amount or more.",
                "messages",
                "orders",
                "disputes",
                "user_reports",
                "user_warnings",
            ),
            _category(
                "community_score",
                "Values of the community metrics summed, from 0 to 100. Reviews count that count for"
                " ratings.adjusted, praise if min_counted_amount or more is left of its order, and others"
                " if it was placed for that.",
                "reviews",
                "referred_users",
            ),
            Key(
                "factors",
                "object",
                "Every metric with points, largest first, ties by code; 50 and their points sum to the"
                " score. The factor cap gives back what the floor at 0 took.",
                audience="member",
                default={"positive": [], "negative": []},
                keys=(
                    Key("positive", "list", "What adds points.", keys=_FACTOR),
                    Key("negative", "list", "What takes points.", keys=_FACTOR),
                ),
            ),
            changed_at("last_calculated"),
            Key(
                "next_review",
                "moment",
                "The next step, at the latest a week after the run less a jitter that is the member's own.",
                audience="operator",
                default=Moment("7 days"),
                clock="review",
            ),
            evidence(
                "For each rate num, den and the first and last event counted (from, to), for smoothed ones"
                " k and prior. With excluded orders, raw has the same with them."
            ),
        ),
    ),
    number="overall_score",
    lasting=("{overall_score}", "{transaction_score}"),
    longest=4_100,
    ladder=Ladder(
        key="level",
        seed="trust_levels",
        code="level",
        rank="rank",
        title="Trust level",
        requirements=Requirements(
            "int_trust_levels",
            (
                ("min_score", "%s points"),
                ("min_completed_orders", "%s completed orders"),
                ("min_counterparties", "%s different partners"),
            ),
        ),
    ),
    histograms=(Histogram("overall_score", "Trust scores", "overall_score", 5),),
    mart_columns=("overall_score", "level"),
    lists_changes=True,
)

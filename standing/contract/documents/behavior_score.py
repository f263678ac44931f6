"""users.behavior_score"""

from standing.contract.document import (
    RATES_EVIDENCE,
    Document,
    Key,
    Moment,
    changed_at,
    count,
    percentage,
    text,
)
from standing.contract.members import USERS
from standing.contract.target import Target

_ACTS = ("orders", "messages", "reviews", "users.last_login_at")

BEHAVIOR_SCORE = Target(
    name="behavior_score",
    mart="user_behavior_scores",
    facts=("int_user_behavior",),
    members=USERS,
    selection="scores",
    document=Document(
        "How a member behaves lately, as buyer and as seller together, and how much of a risk that is.",
        (
            percentage(
                "response_rate",
                "First messages of a thread received in the last 90 days and evaluated: answered by the"
                " recipient within 24 hours, in percent. A thread is evaluated once answered or 24 hours"
                " old; exactly 24 hours is in time. A message without a thread belongs to none.",
                "messages",
            ),
            count(
                "response_time_avg",
                "minutes",
                "Minutes from first message to answer, mean over those answered in time.",
                "messages",
            ),
            count(
                "response_time_median",
                "minutes",
                "The same, median; of an even number the mean of the two in the middle.",
                "messages",
            ),
            percentage(
                "completion_rate",
                "Completed of completed, returned and cancelled by this member, in percent.",
                "orders",
                "returns",
                "order_exclusions",
            ),
            percentage(
                "cancellation_rate",
                "Cancelled by this member of all resolved, in percent.",
                "orders",
                "order_exclusions",
                audience="member",
            ),
            percentage(
                "dispute_rate",
                "Resolved orders with a dispute opened by now of all resolved, in percent.",
                "orders",
                "disputes",
                "order_exclusions",
                audience="member",
            ),
            Key(
                "last_active",
                "moment",
                "The latest purchase made, message sent, review written or sign-in; else when the account"
                " was made.",
                audience="member",
                default=Moment(),
                sources=_ACTS,
            ),
            count(
                "active_days_last_30",
                "days",
                "Business days with such an act, of the 30 that end with today's.",
                *_ACTS,
                audience="member",
            ),
            count(
                "avg_session_duration",
                "minutes",
                "Minutes; sessions that ended in the last 30 days and not before they began.",
                "user_sessions",
                audience="member",
            ),
            count(
                "report_count",
                "reports",
                "Reports upheld in the last 365 days, by the day of the decision.",
                "user_reports",
                audience="operator",
            ),
            count(
                "warning_count",
                "warnings",
                "Warnings upheld in the last 365 days, by the day of the decision.",
                "user_warnings",
                audience="member",
            ),
            count(
                "helpful_reviews_count",
                "reviews",
                "Own reviews that at least one person found helpful.",
                "reviews.engagement",
            ),
            text(
                "risk_level",
                "The highest level of the risk rules that hold, else low. A rate of exactly the limit"
                " meets it.",
                "seeds/risk_rules.csv",
                audience="operator",
                words=("low", "medium", "high"),
                default="low",
            ),
            Key(
                "risk_factors",
                "list",
                "Codes of the risk rules that hold, high ones first, then by code.",
                audience="operator",
                default=[],
                sources=("seeds/risk_rules.csv",),
            ),
            changed_at("last_updated"),
            RATES_EVIDENCE,
        ),
    ),
    number="completion_rate",
    lasting=("{evidence,completion_rate,den}",),
    longest=1_300,
)

"""seller_profiles.tier_info"""

from standing.contract.document import ABSENT, Document, Key, Moment, amount, count, evidence, text
from standing.contract.members import SELLERS
from standing.contract.target import Ladder, Requirements, Target

_POLICY = "seeds/tier_policy.csv"
_GRANTED = "From tier_policy."

TIER_INFO = Target(
    name="tier_info",
    mart="seller_tiers",
    facts=("int_seller_orders", "int_seller_reviews"),
    members=SELLERS,
    selection="tiers",
    document=Document(
        "A shop's tier, what it gives, and what is missing for the next one.",
        (
            text(
                "current_tier",
                "The highest tier whose completed orders, different buyers and exact mean rating are all"
                " reached; without a rating the lowest. The mean is of the reviews that adjusted counts. A"
                " lost tier stays for the demotion_grace_days of the published tier, from the run that"
                " first found it lost.",
                "orders",
                "reviews",
                _POLICY,
                default="starter",
            ),
            amount("tier_level", "", _GRANTED, _POLICY, default=1),
            Key("benefits", "list", _GRANTED, audience="member", default=[], sources=(_POLICY,)),
            amount("commission_rate", "%", _GRANTED, _POLICY, audience="member", default=5.0),
            amount("boost_multiplier", "", _GRANTED, _POLICY, audience="member", default=1.0),
            Key("priority_support", "flag", _GRANTED, audience="member", default=False, sources=(_POLICY,)),
            Key(
                "tier_achieved_at",
                "earlier moment",
                "When the published tier last changed.",
                default=Moment(),
                sources=("the published past",),
            ),
            Key(
                "tier_change_history",
                "list",
                "Changes, newest first, with requirements_met or requirements_lost as reason.",
                audience="member",
                default=[],
                sources=("the published past",),
                keys=(
                    text("from", "The tier before.", nullable=True),
                    text("to", "The tier after."),
                    Key("at", "earlier moment", "The moment of the run that moved it."),
                    text("reason", "Why it moved."),
                ),
            ),
            Key(
                "next_tier",
                "object",
                "The tier above, the completed orders and buyers that are missing and the mean rating that"
                " is needed, 0 if it is reached; null at the top.",
                audience="member",
                sources=("orders", "reviews", _POLICY),
                keys=(
                    text("tier", "The tier above."),
                    count("orders_needed", "orders", "Completed orders that are missing.", default=ABSENT),
                    count("buyers_needed", "buyers", "Different buyers that are missing.", default=ABSENT),
                    Key("rating_needed", "number", "The mean rating that it asks for.", "stars"),
                ),
                nullable=True,
                change="evidence",
            ),
            evidence(
                "Completed orders, their different buyers and the counts of the mean rating; in grace also"
                " the tier earned now, since when and until when."
            ),
        ),
    ),
    number="tier_level",
    lasting=("{evidence,completed_orders}", "{evidence,mean_rating,den}"),
    longest=1_100,
    ladder=Ladder(
        key="current_tier",
        seed="tier_policy",
        code="tier",
        rank="tier_level",
        title="Seller tier",
        requirements=Requirements(
            "tier_policy",
            (
                ("min_orders", "%s completed orders"),
                ("min_buyers", "%s different buyers"),
                ("min_rating", "a mean rating of %s"),
            ),
        ),
    ),
    mart_columns=("current_tier",),
    lists_changes=True,
    reasons=("completed_orders", "buyers", "mean_rating"),
)

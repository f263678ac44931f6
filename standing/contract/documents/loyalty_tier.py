"""loyalty_programs: the columns of a member's tier"""

from standing.contract.document import Document, Key, count, text
from standing.contract.members import USERS
from standing.contract.target import Ladder, Requirements, Target

_POLICY = "seeds/loyalty_tiers.csv"

LOYALTY_TIER = Target(
    name="loyalty_tier",
    mart="user_loyalty_tiers",
    members=USERS,
    held_in="loyalty_programs",
    stored_as="columns",
    selection="points",
    document=Document(
        "A member's loyalty tier: columns of loyalty_programs, which has a row of whoever has points.",
        (
            text(
                "tier",
                "The highest tier whose points twelve business months in a row have reached, of which the"
                " first is one of the last fifteen. Points of orders alone count, by the month from which"
                " they count; spending them and their end take no tier away.",
                "points_transactions",
                "orders",
                _POLICY,
            ),
            count("tier_points_required", "points", "What the tier asks for.", _POLICY, change="wording"),
            Key(
                "tier_achieved_at",
                "local moment",
                "The moment of the run that first published this tier; the clock is SOURCE_TIME_ZONE's.",
                sources=("the published past",),
                change="evidence",
            ),
            Key(
                "tier_expires_at",
                "local moment",
                "The start of the business month in which the tier falls if nothing more is earned; null"
                " for the lowest. The clock is SOURCE_TIME_ZONE's.",
                sources=("points_transactions", "orders", "seeds/policy_numbers.csv"),
                nullable=True,
                change="evidence",
            ),
        ),
    ),
    number="tier_points_required",
    lasting=(),
    ladder=Ladder(
        key="tier",
        seed="loyalty_tiers",
        code="loyalty_tier",
        rank="rank",
        title="Loyalty tier",
        requirements=Requirements("loyalty_tiers", (("min_points", "%s points in twelve months"),)),
    ),
    mart_columns=("tier",),
)

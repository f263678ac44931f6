"""users.gamification, a column that the application writes, too"""

from standing.contract.document import Document, Key, count, evidence, text
from standing.contract.members import USERS
from standing.contract.target import Ladder, Requirements, Target

_AWARDS = "seeds/awards.csv"
_LEVELS = "seeds/gamification_levels.csv"
_PAST = "the published past"


def _awards(name: str, meaning: str) -> Key:
    earned_at = Key(
        "earned_at", "earlier moment", "The moment of the run that first published it.", change="evidence"
    )
    keys = (text("code", "The code of awards."), earned_at)
    return Key(name, "list", meaning, default=[], sources=(_AWARDS, _PAST), keys=keys)


def _streak(name: str, acts: str, *sources: str) -> Key:
    return count(
        name,
        "months",
        f"Consecutive business months with {acts}, ending with this month or the last one: a month breaks"
        " nothing until it is over.",
        *sources,
    )


GAMIFICATION = Target(
    name="gamification",
    mart="user_gamification",
    facts=("int_user_experience",),
    members=USERS,
    selection="scores",
    document=Document(
        "How far a member has come on the marketplace, and what they have won there.",
        (
            count(
                "experience_points",
                "points",
                "What experience_rules give for purchases, sales, reviews, reviews found helpful and"
                " referred members who bought, over life. Orders and reviews count that count for trust,"
                " so what is returned goes again.",
                "orders",
                "returns",
                "reviews",
                "referred_users",
                "seeds/experience_rules.csv",
            ),
            count(
                "level",
                "",
                "The highest row of gamification_levels whose minimum is reached.",
                "experience_points",
                _LEVELS,
                lowest=1,
                default=1,
                change="level",
            ),
            count(
                "points_to_next_level",
                "points",
                "What is missing for the next level; 0 at the highest.",
                "experience_points",
                _LEVELS,
                default=100,
            ),
            _streak("purchase_streak", "a completed purchase", "orders", "returns"),
            _streak("review_streak", "a review", "reviews"),
            Key(
                "milestones_completed",
                "list",
                "Codes of the milestones whose count is reached now.",
                default=[],
                sources=(_AWARDS,),
            ),
            _awards(
                "badges",
                "Badges whose count is reached, and those that are kept, once published, although it has"
                " fallen.",
            ),
            _awards("achievements", "As badges."),
            evidence(
                "For each rule of experience how many, points of each and together, which sum to"
                " experience_points; the different partners; the first and last month of each streak."
            ),
        ),
    ),
    number="experience_points",
    lasting=("{experience_points}",),
    longest=2_200,
    ladder=Ladder(
        key="level",
        seed="gamification_levels",
        code="experience_level",
        rank="minimum",
        title="Experience level",
        requirements=Requirements("gamification_levels", (("minimum", "%s points of experience"),)),
    ),
    mart_columns=("experience_points", "level"),
    stored_as="owned keys",
)

"""Why a member stands where they stand: the score as a sum, the orders behind a rate, the way up, and
points lot by lot.

`explain` reads the facts that runs keep of a member (for a past moment it has them built), and `as_text`
words it for people; the command line prints it as JSON as well.

May use: build, contract, database, incremental, state.
"""

from standing.why.explain import explain, points_of
from standing.why.explanation import Explanation, explain_member
from standing.why.points import PointsExplanation
from standing.why.points_wording import points_as_text
from standing.why.wording import as_text

__all__ = [
    "Explanation",
    "PointsExplanation",
    "as_text",
    "explain",
    "explain_member",
    "points_as_text",
    "points_of",
]

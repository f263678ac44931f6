"""Why a member stands where they stand: the score as a sum, the orders behind a rate, the way up.

`explain` reads the facts that runs keep of a member (for a past moment it has them built), and `as_text`
words it for people; the command line prints it as JSON as well.

May use: build, contract, database, incremental, state.
"""

from standing.why.explain import explain
from standing.why.explanation import Explanation, explain_member
from standing.why.wording import as_text

__all__ = ["Explanation", "as_text", "explain", "explain_member"]

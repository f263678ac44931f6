"""The forecast of a shop's problems as a sum of points."""

from typing import Any

from standing.text import plural
from standing.why.explanation import Explanation

#: The key that is looked up by points; it has no counts of its own.
EXPECTED = "expected_problem_rate"


def forecast(explanation: Explanation) -> list[str]:
    """The base and what each measure adds, which sum to the points; nothing where nothing was foretold."""
    performance = explanation.documents.get("performance") or {}
    behind = dict(performance.get("evidence", {}).get(EXPECTED, {}))
    if not behind:
        return []
    base, points = behind.pop("base"), behind.pop("points")
    ends = performance["expected_problem_range"]
    return [
        "",
        f"{'points of a shop of which nothing is known':<44}{base:>8}",
        *(
            f"{explanation.labels.get(code, code):<44}{measure['points']:>+8}  {_measure(measure)}"
            for code, measure in behind.items()
        ),
        f"{'points of this shop':<44}{points:>8}  {performance[EXPECTED]} % of its orders of the next 90"
        f" days will go wrong; of ten such shops eight have {ends['low']} to {ends['high']} %",
    ]


def _measure(measure: dict[str, Any]) -> str:
    """What was counted, with the prior that it is smoothed by, and the value that was looked up."""
    if "recent_den" not in measure:
        counted = f"{measure['num']} of {measure['den']}"
        return f"{counted}, with {measure['k']} more at {measure['prior']} %: {measure['value']} %"
    life = f"{measure['num']} hours for {plural(measure['den'], 'order')}"
    lately = f"{measure['recent_num']} for {measure['recent_den']} of late"
    return (
        f"{life}, with {measure['k']} more at {measure['prior']} each; {lately}, with {measure['recent_k']}"
        f" more at that pace: {measure['value']} hours"
    )

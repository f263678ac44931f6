"""What a backtest counts: what went wrong, the measures of a shop, and how long an answer is waited for."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any


@dataclass(frozen=True)
class Terms:
    """`horizon` is how far ahead is looked, `settling` how much later the label is read.

    An order went wrong when its mean rating is at most `problem_rating` stars, when somebody else than the
    buyer cancelled it, or when the shop lost a dispute about it. Completed and not rated, it is fine after
    `silent_days`. A review of at most `discontent_rating` stars is one of discontent. Each order counts as
    at least `least_hours` to ship; how that changed is read from the last `change_days`.
    """

    horizon: timedelta = timedelta(days=90)
    settling: timedelta = timedelta(days=30)
    problem_rating: int = 2
    discontent_rating: int = 3
    silent_days: int = 30
    least_hours: int = 24
    change_days: int = 90

    @property
    def parameters(self) -> dict[str, Any]:
        """By the names that origins.sql.j2 has for them."""
        return dict(vars(self))

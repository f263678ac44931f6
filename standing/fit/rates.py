"""The rate and the range of each number of points: what seeds/problem_rates.csv has."""

from dataclasses import dataclass
from decimal import Decimal

#: So many points double the odds of a problem.
DOUBLING = 20
#: How much shops with the same points differ: as much as a beta distribution of so many orders.
CONCENTRATION = 25
#: Of such shops the range leaves out so many at either end.
LEFT_OUT = 0.1


@dataclass(frozen=True)
class Rate:
    """One row: from `points` on the `rate`, and between `low` and `high` eight of ten shops, in percent."""

    points: int
    rate: Decimal
    low: Decimal
    high: Decimal


def rates(usual: float, base: float, most: int) -> list[Rate]:
    """The rows of 0 to `most` points, where `base` points have the `usual` rate, in percent."""
    from scipy.stats import beta

    odds = usual / (100 - usual)
    found = []
    for points in range(most + 1):
        raised = odds * 2 ** ((points - base) / DOUBLING)
        rate = raised / (1 + raised)
        ends = (CONCENTRATION * rate, CONCENTRATION * (1 - rate))
        low, high = (_percent(float(beta.ppf(at, *ends))) for at in (LEFT_OUT, 1 - LEFT_OUT))
        # A mean close to 0 or 100 can lie outside.
        shown = _percent(rate)
        found.append(Rate(points, shown, min(low, shown), max(high, shown)))
    return found


def _percent(share: float) -> Decimal:
    return round(Decimal(100 * share), 2)

"""Orders of some shops: by tenths of a score, by tier, by level, by volume."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from standing.backtest.arrays import Numbers
from standing.backtest.figures import Group
from standing.backtest.observations import Observations
from standing.backtest.ranking import rank_orders
from standing.backtest.resampling import figures
from standing.backtest.scores import Score

TENTHS = 10
FIFTHS = 5


@dataclass(frozen=True)
class Subset:
    """Which rows are of a group."""

    label: str
    rows: Numbers  # true and false


def grouped(
    observed: Observations, parts: Iterable[Subset], scores: Sequence[Score] = ()
) -> tuple[Group, ...]:
    """Each with its share and interval; with scores, how well the first ranks within it, and its gain."""
    return tuple(_group(observed, part, scores) for part in parts if part.rows.any())


def _group(observed: Observations, part: Subset, scores: Sequence[Score]) -> Group:
    rows = np.flatnonzero(part.rows)
    shop, origin = observed.shop[rows], observed.origin[rows]
    labelled, bad = observed["labelled"][rows], observed["bad"][rows]
    ranked = [rank_orders(origin, shop, score.risk[rows], (labelled, bad)) for score in scores]

    def measure(weights: Numbers) -> Numbers:
        given = weights[shop]
        orders = np.sum(given * labelled)
        share = np.sum(given * bad) / orders if orders else np.nan
        aucs = [one.auc(weights) for one in ranked]
        return np.array([share, *aucs, *([aucs[0] - aucs[1]] if len(aucs) > 1 else [])])

    found = figures(observed.shops, shop[labelled > 0], measure)
    return Group(part.label, len(rows), int(labelled.sum()), *found[:2], *found[3:])


def tenths(observed: Observations, score: Score) -> Iterator[Subset]:
    """Shops that sold, from the best to the worst tenth of each origin; ties stay together."""
    place = np.full(len(observed), -1)
    sold = observed["labelled"] > 0
    for origin in range(len(observed.moments)):
        rows = np.flatnonzero((observed.origin == origin) & sold)
        if len(rows):
            place[rows] = _tenth(score.risk[rows])
    for number in range(TENTHS):
        yield Subset(str(number + 1), place == number)


def _tenth(risk: Numbers) -> Numbers:
    _, runs, counts = np.unique(risk, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    place: Numbers = np.minimum((TENTHS * middle / len(risk)).astype(np.int64), TENTHS - 1)[runs]
    return place


def by_tier(observed: Observations, names: Mapping[int, str]) -> Iterator[Subset]:
    """By the tier that was earned at the origin."""
    for level, name in sorted(names.items()):
        yield Subset(name, observed["tier_level"] == level)


def by_level(observed: Observations, names: Sequence[str]) -> Iterator[Subset]:
    """By the trust level of the shop's person, where that moment was replayed."""
    for name in names:
        yield Subset(name, observed.level == name)


def by_volume(observed: Observations) -> Iterator[Subset]:
    """Fifths of the orders, by how many orders their shop had before."""
    before, labelled = observed["orders"], observed["labelled"]
    order = np.argsort(before, kind="stable")
    until = np.cumsum(labelled[order])
    total = until[-1] if len(until) else 0
    edges = [before[order][np.searchsorted(until, total * part / FIFTHS)] for part in range(1, FIFTHS)]
    lowest = 0.0
    for edge in [*dict.fromkeys(edges), np.inf]:
        rows = (before >= lowest) & (before < edge if edge < np.inf else np.ones(len(before), dtype=bool))
        if rows.any():
            highest = before[rows].max()
            yield Subset(f"{lowest:,.0f} to {highest:,.0f}" if highest > lowest else f"{lowest:,.0f}", rows)
        lowest = edge

"""Intervals by drawing shops again: a shop's orders stay together, and so do its origins."""

from collections.abc import Callable, Iterator

import numpy as np

from standing.backtest.arrays import Numbers, Places
from standing.backtest.figures import Figure

#: Two backtests of the same data say the same.
SEED = 20260601
RESAMPLES = 300
#: Drawing fewer shops again says little, and of a single one always the same.
LEAST_SHOPS = 10


def resamples(shops: int) -> Iterator[Numbers]:
    """How often each shop is drawn, so many times as there are shops."""
    random = np.random.default_rng(SEED)
    for _ in range(RESAMPLES):
        yield np.bincount(random.integers(0, shops, shops), minlength=shops).astype(np.float64)


def figures(shops: int, of: Places, measure: Callable[[Numbers], Numbers]) -> list[Figure]:
    """Each number of `measure`, which gives several for weights of shops, with its interval.

    `of` are the shops that it is about. Numbers that come of the same draws may be subtracted within
    `measure`: then they are paired.
    """
    values = measure(np.ones(shops))
    if are_few(of):
        return [figure(float(value), None) for value in values]
    drawn = np.array([measure(weights) for weights in resamples(shops)])
    return [figure(float(value), drawn[:, place]) for place, value in enumerate(values)]


def are_few(shops: Places) -> bool:
    """Whether there are too few different ones for an interval."""
    return len(np.unique(shops)) < LEAST_SHOPS


def figure(value: float, drawn: Numbers | None) -> Figure:
    """The value with the middle 95 % of what was drawn; nothing where there is no value."""
    if not np.isfinite(value):
        return Figure()
    if drawn is None:
        return Figure(value)
    there = drawn[np.isfinite(drawn)]
    if len(there) < len(drawn) / 2:
        return Figure(value)
    low, high = np.percentile(there, [2.5, 97.5])
    return Figure(value, float(low), float(high))

"""Intervals by drawing shops again: a shop's orders stay together, and so do its origins."""

from collections.abc import Callable, Iterator

import numpy as np

from standing.backtest.arrays import Numbers
from standing.backtest.figures import Figure

#: Two backtests of the same data say the same.
SEED = 20260601
RESAMPLES = 300


def resamples(shops: int, number: int = RESAMPLES) -> Iterator[Numbers]:
    """How often each shop is drawn, so many times as there are shops."""
    random = np.random.default_rng(SEED)
    for _ in range(number):
        yield np.bincount(random.integers(0, shops, shops), minlength=shops).astype(np.float64)


def figures(shops: int, measure: Callable[[Numbers], Numbers], number: int = RESAMPLES) -> list[Figure]:
    """Each number of `measure`, which gives several for weights of shops, with its interval.

    Numbers that come of the same draws may be subtracted within `measure`: then they are paired.
    """
    values = measure(np.ones(shops))
    drawn = np.array([measure(weights) for weights in resamples(shops, number)])
    return [figure(float(value), drawn[:, place]) for place, value in enumerate(values)]


def figure(value: float, drawn: Numbers) -> Figure:
    """The value with the middle 95 % of what was drawn; nothing where there is no value."""
    if not np.isfinite(value):
        return Figure()
    there = drawn[np.isfinite(drawn)]
    if len(there) < len(drawn) / 2:
        return Figure(value)
    low, high = np.percentile(there, [2.5, 97.5])
    return Figure(value, float(low), float(high))

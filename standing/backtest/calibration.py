"""Whether a share that was foretold is the share that came."""

import numpy as np

from standing.backtest.arrays import Numbers, Places, shares, totals

STEPS = 25
CLOSE = 1e-9
#: Log odds beyond these are as good as certain.
FARTHEST = 35.0
#: Shares of 0 and 1 have no odds.
LEAST = 1e-4


def slope(origin: Places, rate: Numbers, labelled: Numbers, bad: Numbers) -> float:
    """The slope of a logistic line on the log odds that were foretold, each origin with its own level.

    Newton's method; the levels are eliminated. NaN where all was foretold the same, or came the same, or
    where no line is the best: one that is steeper always fits better.
    """
    clipped = np.clip(rate, LEAST, 1 - LEAST)
    odds = np.log(clipped / (1 - clipped))
    origins = int(origin.max()) + 1

    def total(of_rows: Numbers) -> Numbers:
        return totals(origin, of_rows, origins)

    count, bads = total(labelled), total(bad)
    usable = ((bads > 0) & (bads < count))[origin]
    labelled, bad = labelled * usable, bad * usable
    if not labelled.any():
        return np.nan
    line = 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        share = bads / count
        level = np.where((bads > 0) & (bads < count), np.log(share / (1 - share)), 0.0)
        level = level - line * total(labelled * odds) / np.maximum(count, 1)
        for _ in range(STEPS):
            expected = 1 / (1 + np.exp(-np.clip(level[origin] + line * odds, -FARTHEST, FARTHEST)))
            error, curve = bad - labelled * expected, labelled * expected * (1 - expected)
            curves = np.maximum(total(curve), 1e-300)
            centre = total(curve * odds) / curves
            spread = float(np.sum(curve * (odds - centre[origin]) ** 2))
            if spread < 1e-12:
                return np.nan
            errors = total(error) / curves
            step = float(np.sum(error * (odds - centre[origin]))) / spread
            line, level = line + step, level + errors - centre * step
            if abs(step) < CLOSE and np.abs(errors).max() < CLOSE:
                return line
    return np.nan


def brier(rate: Numbers, labelled: Numbers, bad: Numbers) -> float:
    """The mean squared error of a share as a forecast of each order."""
    orders = labelled.sum()
    return float(np.sum(bad * (1 - rate) ** 2 + (labelled - bad) * rate**2) / orders) if orders else np.nan


def own_level(origin: Places, rate: Numbers, labelled: Numbers) -> Numbers:
    """What the score expects of all orders of each origin: a constant that knows no shop."""
    number = int(origin.max()) + 1
    expected, orders = (totals(origin, one, number) for one in (rate * labelled, labelled))
    found: Numbers = shares(expected, orders)[origin]
    return found


def shift(before: Numbers, now: Numbers, bins: int = 10) -> float:
    """The population stability index of two samples, over the tenths of the first one.

    Half a member stands in for none. By the convention of credit scoring nothing has shifted below 0.1.
    """
    edges = np.unique(np.quantile(before, np.linspace(0, 1, bins + 1)[1:-1]))
    counts = [np.bincount(np.searchsorted(edges, one), minlength=len(edges) + 1) for one in (before, now)]
    first, second = (np.maximum(one, 0.5) / max(one.sum(), 1) for one in counts)
    return float(np.sum((second - first) * np.log(second / first)))

"""Points that make what followed most probable: a logistic model of orders with steps that never fall.

Each origin has a level of its own, so that a season in which everything goes wrong leaks into no points.
Steps from bin to bin are at least 0, and a ridge draws them to 0 where few orders tell.
"""

from dataclasses import dataclass
from math import log

import numpy as np

from standing.backtest.arrays import Numbers, totals
from standing.backtest.card import Card
from standing.backtest.observations import Observations
from standing.fit.rates import DOUBLING

#: What a step of 1 in the logarithm of the odds costs, twice over, in logarithms of likelihood.
RIDGE = 20.0


@dataclass(frozen=True)
class _Model:
    """Rows with all and bad orders, the level of each, and a column for each step that it is beyond."""

    beyond: Numbers
    level: Numbers
    levels: int
    orders: Numbers
    bad: Numbers

    def loss(self, given: Numbers) -> tuple[float, Numbers]:
        """The negative logarithm of the likelihood with the ridge, and its gradient."""
        levels, steps = given[: self.levels], given[self.levels :]
        odds = levels[self.level] + self.beyond @ steps
        loss = np.sum(self.orders * np.logaddexp(0, odds) - self.bad * odds) + RIDGE / 2 * steps @ steps
        rest = self.orders / (1 + np.exp(-odds)) - self.bad
        slope = np.concatenate(
            [totals(self.level, rest, self.levels), self.beyond.T @ rest + RIDGE * steps]
        )
        return float(loss), slope


def fitted(card: Card, observed: Observations, rows: Numbers) -> dict[str, Numbers]:
    """Whole points by metric for the card's bins, from these rows of shops at origins."""
    from scipy.optimize import minimize

    rows = rows & (observed["labelled"] > 0)
    values = card.values(observed)
    places = {one.name: one.bins(values[one.name])[rows] for one in card.metrics}
    beyond = [
        (places[one.name][:, None] >= np.arange(1, len(one.bounds))[None, :]).astype(np.float64)
        for one in card.metrics
    ]
    levels, level = np.unique(observed.origin[rows], return_inverse=True)
    model = _Model(np.hstack(beyond), level, len(levels), observed["labelled"][rows], observed["bad"][rows])
    steps = model.beyond.shape[1]
    found = minimize(
        model.loss,
        np.zeros(len(levels) + steps),
        jac=True,
        method="L-BFGS-B",
        bounds=[(None, None)] * len(levels) + [(0, None)] * steps,
    ).x[len(levels) :]
    points, begin = {}, 0
    for one in card.metrics:
        end = begin + len(one.bounds) - 1
        rise = np.concatenate([[0.0], np.cumsum(found[begin:end])])
        points[one.name], begin = np.round(rise * DOUBLING / log(2)), end
    return points

"""The scores against what came: how each ranks, whether its shares are right, and origin by origin."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from standing.backtest.arrays import Numbers, Places
from standing.backtest.calibration import brier, own_level, shift, slope
from standing.backtest.figures import AtOrigin, Calibration, Figure, PairedDifference, ScoreFigures
from standing.backtest.observations import Observations
from standing.backtest.ranking import OrderRanking, ShopRanking, rank_orders, rank_shops
from standing.backtest.resampling import are_few, figure, figures, resamples
from standing.backtest.scores import Score

#: Fewer orders in a window make a shop's share jump with every single one.
LEAST_ORDERS = 5


@dataclass(frozen=True)
class Comparison:
    """Scores over the same orders and the same draws of shops, so that differences are paired.

    The first score is the leading one.
    """

    observed: Observations
    scores: tuple[Score, ...]

    @cached_property
    def _orders(self) -> list[OrderRanking]:
        at = self.observed
        return [
            rank_orders(at.origin, at.shop, one.risk, (at["labelled"], at["bad"])) for one in self.scores
        ]

    @cached_property
    def _shops(self) -> list[ShopRanking]:
        at = self.observed
        rows = np.flatnonzero(at["labelled"] >= LEAST_ORDERS)
        share = at["bad"][rows] / at["labelled"][rows]
        return [rank_shops(at.origin[rows], at.shop[rows], one.risk[rows], share) for one in self.scores]

    def _measured(self, weights: Numbers) -> Numbers:
        """AUC, then Spearman of each score, then the leading one's AUC at each origin."""
        aucs = [one.auc(weights) for one in self._orders]
        ranks = [one.spearman(weights) for one in self._shops]
        return np.array([*aucs, *ranks, *self._orders[0].auc_by_origin(weights)])

    @cached_property
    def _values(self) -> Numbers:
        return self._measured(np.ones(self.observed.shops))

    @cached_property
    def _sold(self) -> Places:
        """The shops with orders that say something."""
        return self.observed.shop[self.observed["labelled"] > 0]

    @cached_property
    def _draws(self) -> Numbers | None:
        if are_few(self._sold):
            return None
        return np.array([self._measured(weights) for weights in resamples(self.observed.shops)])

    def _figure(self, place: int) -> Figure:
        drawn = self._draws
        return figure(float(self._values[place]), None if drawn is None else drawn[:, place])

    def _less(self, place: int, other: int) -> Figure:
        value, drawn = float(self._values[place] - self._values[other]), self._draws
        return figure(value, None if drawn is None else drawn[:, place] - drawn[:, other])

    def score_figures(self) -> tuple[ScoreFigures, ...]:
        number = len(self.scores)
        return tuple(
            ScoreFigures(one.name, one.title, self._figure(place), self._figure(number + place))
            for place, one in enumerate(self.scores)
        )

    def differences(self) -> tuple[PairedDifference, ...]:
        """The leading score against each other one."""
        number, ones = len(self.scores), np.ones(self.observed.shops)
        lead = self._orders[0].auc_by_origin(ones)
        return tuple(
            PairedDifference(
                one.name,
                self._less(0, place),
                self._less(number, number + place),
                int(np.sum(lead > self._orders[place].auc_by_origin(ones))),
            )
            for place, one in enumerate(self.scores)
            if place
        )

    def at_origins(self) -> tuple[AtOrigin, ...]:
        """The leading score origin by origin."""
        at, found = self.observed, []
        stood = [self.scores[0].risk[self._traded(place)] for place in range(len(at.moments))]
        first = next((one for one in stood if len(one)), None)
        for place, moment in enumerate(at.moments):
            rows = at.origin == place
            orders, bad = at["labelled"][rows].sum(), at["bad"][rows].sum()
            auc = 2 * len(self.scores) + place
            found.append(
                AtOrigin(
                    moment,
                    int(rows.sum()),
                    int(orders),
                    float(bad / orders) if orders else None,
                    self._figure(auc) if auc < len(self._values) else Figure(),
                    shift(first, stood[place]) if first is not None and len(stood[place]) else None,
                )
            )
        return tuple(found)

    def _traded(self, place: int) -> Numbers:
        rows: Numbers = (self.observed.origin == place) & (self.observed["orders"] > 0)
        return rows

    def calibration(self) -> tuple[Calibration, ...]:
        return tuple(self._calibrated(one, one.rate) for one in self.scores if one.rate is not None)

    def _calibrated(self, score: Score, rate: Numbers) -> Calibration:
        at = self.observed
        labelled, bad = at["labelled"], at["bad"]
        constant = own_level(at.origin, rate, labelled)

        def measure(weights: Numbers) -> Numbers:
            given = weights[at.shop]
            drawn, wrong = given * labelled, given * bad
            orders = max(drawn.sum(), 1)
            gain = brier(constant, drawn, wrong) - brier(rate, drawn, wrong)
            error = (wrong.sum() - np.sum(drawn * rate)) / orders
            return np.array([slope(at.origin, rate, drawn, wrong), error, gain])

        steep, error, gain = figures(at.shops, self._sold, measure)
        orders = labelled.sum()
        return Calibration(
            name=score.name,
            expected=float(np.sum(labelled * rate) / orders),
            observed=float(bad.sum() / orders),
            slope=steep,
            level_error=error,
            brier=brier(rate, labelled, bad),
            brier_constant=brier(constant, labelled, bad),
            brier_gain=gain,
            coverage=self._coverage(score),
        )

    def _coverage(self, score: Score) -> float | None:
        """The share of shops with some orders whose bad ones lay within their range, in whole orders."""
        if score.low is None or score.high is None:
            return None
        labelled, bad = self.observed["labelled"], self.observed["bad"]
        rows = labelled >= LEAST_ORDERS
        within = (bad >= np.floor(score.low * labelled)) & (bad <= np.ceil(score.high * labelled))
        return float(within[rows].mean()) if rows.any() else None

"""How well a score ranks: order AUC and Spearman, for any weights of shops.

Only what stands beside each other is compared: orders, and shops, of the same origin. So a year in which
everything goes wrong more often counts for no score and against none.
"""

from dataclasses import dataclass

import numpy as np

from standing.backtest.arrays import Numbers, Places, shares, totals


@dataclass(frozen=True)
class Ties:
    """Rows in the order of origin and value, and where each run of the same ones begins."""

    order: Places
    starts: Places
    origin: Places  # of each run
    runs: Places  # of each row, in the order of the rows

    @classmethod
    def of(cls, origin: Places, values: Numbers) -> "Ties":
        order = np.lexsort((values, origin))
        sorted_origin, sorted_values = origin[order], values[order]
        begins = np.ones(len(order), dtype=bool)
        begins[1:] = (np.diff(sorted_origin) != 0) | (np.diff(sorted_values) != 0)
        runs = np.empty(len(order), dtype=np.int64)
        runs[order] = np.cumsum(begins) - 1
        starts = np.flatnonzero(begins)
        return cls(order, starts, sorted_origin[starts], runs)

    def sums(self, of_rows: Numbers) -> Numbers:
        """The sum of each run."""
        return totals(self.runs, of_rows, len(self.starts))

    def before(self, of_runs: Numbers, origins: int) -> Numbers:
        """What lies before each run within its origin."""
        of_origins = totals(self.origin, of_runs, origins)
        found: Numbers = np.cumsum(of_runs) - of_runs - (np.cumsum(of_origins) - of_origins)[self.origin]
        return found


@dataclass(frozen=True)
class OrderRanking:
    """Bad and good orders by the risk that a score gave their shop."""

    ties: Ties
    shop: Places
    good: Numbers
    bad: Numbers
    origins: int

    def pairs(self, weights: Numbers) -> tuple[Numbers, Numbers]:
        """By origin: pairs of a bad and a good order in which the bad one's shop stood worse, and all."""
        good = self.ties.sums(self.good * weights[self.shop])
        bad = self.ties.sums(self.bad * weights[self.shop])
        ranked = bad * (self.ties.before(good, self.origins) + good / 2)
        of = self.ties.origin
        right, bads, goods = (totals(of, one, self.origins) for one in (ranked, bad, good))
        return right, bads * goods

    def auc(self, weights: Numbers) -> float:
        right, pairs = self.pairs(weights)
        return float(right.sum() / pairs.sum()) if pairs.sum() else np.nan

    def auc_by_origin(self, weights: Numbers) -> Numbers:
        right, pairs = self.pairs(weights)
        return shares(right, pairs, without=np.nan)


@dataclass(frozen=True)
class ShopRanking:
    """Shops by the risk that a score gave them, and by the share of their orders that went wrong."""

    risk: Ties
    outcome: Ties
    shop: Places
    origin: Places
    origins: int

    def spearman(self, weights: Numbers) -> float:
        """The mean of the origins, each with the weight of its shops."""
        given = weights[self.shop]
        x, y = (self._ranks(ties, given) for ties in (self.risk, self.outcome))

        def total(of_rows: Numbers) -> Numbers:
            return totals(self.origin, given * of_rows, self.origins)

        shops = total(np.ones(len(given)))
        some = np.maximum(shops, 1)
        x, y = (one - (total(one) / some)[self.origin] for one in (x, y))
        spread = np.sqrt(total(x * x) * total(y * y))
        there = spread > 0
        if not there.any():
            return np.nan
        return float(np.average((total(x * y)[there] / spread[there]), weights=shops[there]))

    def _ranks(self, ties: Ties, given: Numbers) -> Numbers:
        sums = ties.sums(given)
        ranks: Numbers = (ties.before(sums, self.origins) + sums / 2)[ties.runs]
        return ranks


def rank_orders(
    origin: Places, shop: Places, risk: Numbers, orders: tuple[Numbers, Numbers]
) -> OrderRanking:
    """Of rows with (all, bad) orders each."""
    labelled, bad = orders
    origins = int(origin.max()) + 1 if len(origin) else 0
    return OrderRanking(Ties.of(origin, risk), shop, labelled - bad, bad, origins)


def rank_shops(origin: Places, shop: Places, risk: Numbers, share: Numbers) -> ShopRanking:
    """Of rows with the share of each that went wrong."""
    origins = int(origin.max()) + 1 if len(origin) else 0
    return ShopRanking(Ties.of(origin, risk), Ties.of(origin, share), shop, origin, origins)

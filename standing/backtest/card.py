"""The forecast of problems over shops at origins: its measures, its points, and the rates of these."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy import Connection, text

from standing.backtest.arrays import Numbers, Places
from standing.backtest.observations import Observations
from standing.sql import quoted

#: The tables of policy that it is read from.
TABLES = ("problem_metrics", "problem_bins", "problem_rates", "policy_numbers")


@dataclass(frozen=True)
class Metric:
    """How a measure is smoothed, and its bins: where each begins and its points."""

    name: str
    label: str
    k: float
    prior: float
    bounds: Numbers
    points: Numbers

    def bins(self, values: Numbers) -> Places:
        """The place of the bin that each value reaches."""
        found: Places = np.maximum(np.searchsorted(self.bounds, values, side="right") - 1, 0)
        return found

    @property
    def prior_points(self) -> float:
        return float(self.points[self.bins(np.array([self.prior]))[0]])


@dataclass(frozen=True)
class Card:
    """`own_k` orders at a shop's own pace are the prior of its hours of late.

    From `rate_points` points on the rate is that of `rates`, and the range that of `lows` and `highs`;
    they are shares of 1.
    """

    metrics: tuple[Metric, ...]
    own_k: float
    rate_points: Numbers
    rates: Numbers
    lows: Numbers
    highs: Numbers

    def with_points(self, points: Mapping[str, Numbers]) -> "Card":
        """The same card with other points; its rates are as before."""
        return replace(self, metrics=tuple(replace(one, points=points[one.name]) for one in self.metrics))

    def values(self, observed: Observations) -> dict[str, Numbers]:
        """What is looked up of each row, cut to hundredths as models do."""
        by_name = {one.name: one for one in self.metrics}

        def smoothed(name: str, num: Numbers, den: Numbers) -> Numbers:
            metric = by_name[name]
            found: Numbers = (num + metric.k * metric.prior) / (den + metric.k)
            return found

        hours = smoothed("processing_hours", observed["hours"], observed["shipped_orders"])
        lately, orders = observed["recent_hours"], observed["recent_shipped_orders"]
        found = {
            "problem_share": smoothed(
                "problem_share", 100 * observed["problems"], observed["known_orders"]
            ),
            "discontent_share": smoothed(
                "discontent_share", 100 * observed["discontented_orders"], observed["rated_orders"]
            ),
            "processing_hours": (lately + self.own_k * hours) / (orders + self.own_k),
        }
        # A value that a computer's fraction holds a little too low is the one that it stands for.
        return {name: np.floor(100 * values + 1e-9) / 100 for name, values in found.items()}

    def points(self, observed: Observations) -> Numbers:
        values = self.values(observed)
        found: Numbers = sum(
            (one.points[one.bins(values[one.name])] for one in self.metrics), np.zeros(len(observed))
        )
        return found

    def row(self, points: Numbers) -> Places:
        """The places of the rates that so many points have."""
        found: Places = np.maximum(np.searchsorted(self.rate_points, points, side="right") - 1, 0)
        return found

    @property
    def base(self) -> float:
        """The points of a shop of which nothing is known."""
        return sum(one.prior_points for one in self.metrics)

    @property
    def most(self) -> int:
        return int(sum(one.points.max() for one in self.metrics))


def read_card(connection: Connection, schema: str) -> Card:
    """The rows in force: those that the last run built with."""

    def rows(table: str, order: str) -> list[dict[str, Any]]:
        found = connection.execute(text(f"select * from {quoted(schema, table)} order by {order}"))
        return [dict(one) for one in found.mappings()]

    bins, rates = rows("problem_bins", "metric, lower_bound"), rows("problem_rates", "points")
    numbers = {row["name"]: float(row["value"]) for row in rows("policy_numbers", "name")}

    def column(table: list[dict[str, Any]], name: str) -> Numbers:
        return np.array([float(row[name]) for row in table])

    metrics = []
    for row in rows("problem_metrics", "metric desc"):
        mine = [one for one in bins if one["metric"] == row["metric"]]
        metrics.append(
            Metric(
                row["metric"],
                row["label_en"],
                float(row["smoothing_k"]),
                float(row["smoothing_prior"]),
                column(mine, "lower_bound"),
                column(mine, "points"),
            )
        )
    ends = (column(rates, name) / 100 for name in ("rate", "low", "high"))
    return Card(tuple(metrics), numbers["processing_own_k"], column(rates, "points"), *ends)

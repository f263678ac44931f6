"""Proposed rows beside those in force, with what they would have gained on origins they had not seen."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Engine, text

from standing.backtest.arrays import Numbers
from standing.backtest.backtest import READ, history_of
from standing.backtest.card import TABLES, Card, read_card
from standing.backtest.comparison import Comparison
from standing.backtest.figures import PairedDifference, ScoreFigures
from standing.backtest.moments import OriginRange, origins
from standing.backtest.observations import Observations, observe
from standing.backtest.scores import Score
from standing.backtest.terms import Terms
from standing.database.connect import rows
from standing.database.schemas import relations
from standing.errors import StandingError
from standing.fit.likelihood import fitted
from standing.fit.rates import DOUBLING, Rate, rates
from standing.settings import Settings
from standing.sql import quoted

#: The policy tables that a fit is made from and for.
POINTS = ("problem_metrics", "problem_bins", "problem_rates")
#: With fewer orders that went wrong, or fewer that did not, a fit is a guess.
LEAST_OF_A_KIND = 200
#: The level follows the origins of so many days before the newest one: a year has every season.
LEVEL_DAYS = 365


@dataclass(frozen=True)
class Proposal:
    """`figures` are of the fitted points, then of those in force, each at origins after all that the fit
    had seen; `gain` is the first less the second. Both are None where no origin is left for that. `built`
    has the rows in force: policy table → rows.
    """

    known_until: datetime
    moments: tuple[datetime, ...]
    orders: int
    bad: int
    in_force: Card
    proposed: Card
    rates: tuple[Rate, ...]
    orders_in_bins: dict[str, Numbers]
    bad_in_bins: dict[str, Numbers]
    tested: int
    figures: tuple[ScoreFigures, ...] | None
    gain: PairedDifference | None
    cannot_tell: tuple[str, ...]
    built: dict[str, list[dict[str, Any]]]

    @property
    def is_enough(self) -> bool:
        return min(self.bad, self.orders - self.bad) >= LEAST_OF_A_KIND


def propose(engine: Engine, settings: Settings, asked: OriginRange) -> Proposal:
    """Fit the points to the marketplace's own history, and test the method on origins it had not seen.

    Raises SettingError for moments that cannot be, and StandingError where nothing is built or known.
    """
    schema = settings.build_schema
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        connection.execute(text("set transaction read only"))
        if not relations(connection, schema) >= {*READ, *TABLES}:
            raise StandingError("no run has built what a fit reads", "standing run")
        history = history_of(connection, schema)
        moments, said = origins(asked, history)
        if not moments:
            raise StandingError(f"nothing can be fitted: {' '.join(said)}", "wait for more orders")
        card, observed = read_card(connection, schema), observe(connection, schema, moments, asked.terms)
        built = {table: rows(connection, f"select * from {quoted(schema, table)}") for table in POINTS}
    labelled, bad = observed["labelled"].sum(), observed["bad"].sum()
    if bad in (0, labelled):
        which = "every" if bad else "no"
        raise StandingError(
            f"nothing can be fitted: {which} order of which that is known went wrong", "wait for more"
        )
    everything = np.ones(len(observed), dtype=bool)
    proposed = card.with_points(fitted(card, observed, everything))
    level = _level(proposed, observed)
    tested, scores = out_of_sample(card, observed, asked.terms)
    comparison = Comparison(tested, scores) if tested["bad"].sum() else None
    values = card.values(observed)
    return Proposal(
        known_until=history.known_until,
        moments=tuple(moments),
        orders=int(observed["labelled"].sum()),
        bad=int(observed["bad"].sum()),
        in_force=card,
        proposed=proposed,
        rates=tuple(rates(100 * level, proposed.base, proposed.most)),
        orders_in_bins=_by_bin(card, values, observed["labelled"]),
        bad_in_bins=_by_bin(card, values, observed["bad"]),
        tested=len(np.unique(tested.origin)),
        figures=comparison.score_figures() if comparison else None,
        gain=comparison.differences()[0] if comparison else None,
        cannot_tell=tuple(said),
        built=built,
    )


def _by_bin(card: Card, values: dict[str, Numbers], orders: Numbers) -> dict[str, Numbers]:
    return {
        one.name: np.bincount(one.bins(values[one.name]), weights=orders, minlength=len(one.bounds))
        for one in card.metrics
    }


def _level(card: Card, observed: Observations) -> float:
    """The share of a shop of which nothing is known, so that a year's expected and real problems agree."""
    from scipy.optimize import brentq

    newest = observed.moments[-1]
    late = np.array([(newest - one).days < LEVEL_DAYS for one in observed.moments])[observed.origin]
    shift = (card.points(observed)[late] - card.base) / DOUBLING * np.log(2)
    orders, bad = observed["labelled"][late], observed["bad"][late].sum()

    def missing(odds: float) -> float:
        return float(np.sum(orders / (1 + np.exp(-(odds + shift)))) - bad)

    if not 0 < bad < orders.sum():
        return float(np.clip(bad / max(orders.sum(), 1), 0.001, 0.999))
    return float(1 / (1 + np.exp(-brentq(missing, -30, 30))))


def out_of_sample(
    card: Card, observed: Observations, terms: Terms
) -> tuple[Observations, tuple[Score, ...]]:
    """Rows of origins for which a fit had others that were over, and both cards' points there."""
    risk = np.full(len(observed), np.nan)
    for place, moment in enumerate(observed.moments):
        over = [one + terms.horizon + terms.settling <= moment for one in observed.moments]
        seen = np.array(over)[observed.origin]
        bad = observed["bad"][seen].sum()
        if min(bad, observed["labelled"][seen].sum() - bad) >= LEAST_OF_A_KIND:
            then = card.with_points(fitted(card, observed, seen))
            here = observed.origin == place
            risk[here] = then.points(observed)[here]
    tested = np.isfinite(risk)
    return observed.only(tested), (
        Score("fitted", "fitted points", risk[tested]),
        Score("in_force", "points in force", card.points(observed)[tested]),
    )

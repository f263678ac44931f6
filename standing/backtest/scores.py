"""The scores that are compared, each as a risk of every shop at every origin: higher is worse."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from standing.backtest.arrays import Numbers, shares, totals
from standing.backtest.card import Card
from standing.backtest.observations import Observations

#: The prior of the smoothed share weighs as many orders.
SMOOTHING = 20


@dataclass(frozen=True)
class Score:
    """`rate`, where the score is a share of orders; `low` and `high`, where it gives a range."""

    name: str
    title: str
    risk: Numbers
    rate: Numbers | None = None
    low: Numbers | None = None
    high: Numbers | None = None


def scores(observed: Observations, policy: Mapping[str, float], card: Card) -> tuple[Score, ...]:
    """The leading one first, then those that it is held against."""
    share = smoothed_share(observed)
    points = card.points(observed)
    of = card.row(points)
    return (
        Score(
            "expected_problem_rate",
            "expected problem rate",
            points,
            card.rates[of],
            card.lows[of],
            card.highs[of],
        ),
        Score("adjusted", "adjusted rating", -adjusted(observed, policy)),
        Score("mean_rating", "plain mean rating", -mean_rating(observed)),
        Score("smoothed_share", "smoothed share of problems", share, share),
        Score("volume", "number of orders", -observed["orders"]),
    )


def adjusted(observed: Observations, policy: Mapping[str, float]) -> Numbers:
    """ratings.adjusted, from the reviews that were there and count for it."""
    k, prior = policy["adjusted_rating_k"], policy["adjusted_rating_prior"]
    found: Numbers = (observed["counted_sum"] + k * prior) / (observed["counted_reviews"] + k)
    return found


def mean_rating(observed: Observations) -> Numbers:
    """Shops without a review have the mean of all reviews that were there."""
    reviews, stars = observed["reviews"], observed["rating_sum"]
    usual = shares(_total(observed, stars), _total(observed, reviews))[observed.origin]
    found: Numbers = np.where(reviews > 0, stars / np.maximum(reviews, 1), usual)
    return found


def smoothed_share(observed: Observations) -> Numbers:
    """Orders that went wrong of those known, drawn to the share of all shops by then."""
    problems, known = observed["problems"], observed["known_orders"]
    usual = shares(_total(observed, problems), _total(observed, known))[observed.origin]
    found: Numbers = (problems + SMOOTHING * usual) / (known + SMOOTHING)
    return found


def _total(observed: Observations, of_rows: Numbers) -> Numbers:
    return totals(observed.origin, of_rows, len(observed.moments))

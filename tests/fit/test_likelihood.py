"""Fitted points find what shops were drawn from, never fall, and are the same twice; rates are derived."""

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from standing import PROJECT_ROOT
from standing.backtest.card import Card, Metric
from standing.backtest.comparison import Comparison
from standing.backtest.observations import Observations
from standing.backtest.terms import Terms
from standing.fit.likelihood import fitted
from standing.fit.proposal import out_of_sample
from standing.fit.rates import rates

SHOPS, ORIGINS = 3000, 4
BINS = {
    "problem_share": (20.0, 14.0, (0.0, 10.0, 14.0, 20.0)),
    "discontent_share": (10.0, 22.0, (0.0, 15.0, 21.0, 30.0)),
    "processing_hours": (5.0, 75.0, (0.0, 48.0, 72.0, 96.0)),
}


def card() -> Card:
    metrics = tuple(
        Metric(name, name, k, prior, np.array(bounds), np.arange(len(bounds), dtype=float))
        for name, (k, prior, bounds) in BINS.items()
    )
    return Card(metrics, 20.0, *(np.array([given]) for given in (0.0, 0.14, 0.06, 0.23)))


def drawn(steps: dict[str, tuple[float, ...]], season: float = 0.0) -> Observations:
    """Shops whose orders go wrong by the steps (in 20 points a doubling) of the bins that they are in."""
    random = np.random.default_rng(1)
    rows = SHOPS * ORIGINS
    origin, shop = np.divmod(np.arange(rows), SHOPS)
    known, hours = random.integers(0, 80, rows), random.uniform(24, 130, rows)
    shipped = random.integers(1, 60, rows)
    numbers = {
        "known_orders": known.astype(float),
        "problems": random.binomial(known, random.beta(2, 10, rows)).astype(float),
        "rated_orders": known.astype(float),
        "discontented_orders": random.binomial(known, random.beta(2, 8, rows)).astype(float),
        "shipped_orders": shipped.astype(float),
        "hours": shipped * hours,
        "recent_shipped_orders": shipped.astype(float),
        "recent_hours": shipped * hours,
        "labelled": np.full(rows, 20.0),
    }
    first = datetime(2025, 1, 1, tzinfo=UTC)
    moments = tuple(first + timedelta(days=30 * place) for place in range(ORIGINS))
    found = Observations(moments, origin, shop, ("",) * rows, np.array([""] * rows), numbers)
    values = card().values(found)
    points = sum(np.array(steps[one.name])[one.bins(values[one.name])] for one in card().metrics)
    odds = -2.2 + points * np.log(2) / 20 + season * origin
    numbers["bad"] = random.binomial(20, 1 / (1 + np.exp(-odds))).astype(float)
    return found


def test_the_points_that_orders_were_drawn_from_are_found() -> None:
    # A season that grows worse from origin to origin leaks into no points.
    observed = drawn(STEPS, season=0.4)
    everything = np.ones(len(observed), dtype=bool)
    found = fitted(card(), observed, everything)
    for name, wanted in STEPS.items():
        assert np.abs(found[name] - np.array(wanted)).max() <= 2, (name, found[name])
    again = fitted(card(), observed, everything)
    assert all((found[name] == again[name]).all() for name in found)


def test_points_never_fall_though_less_would_be_likelier() -> None:
    """Where more of a bad thing went with fewer problems, the bin counts as the one before."""
    observed = drawn(
        {
            "problem_share": (0.0, 20.0, 0.0, 10.0),
            "discontent_share": (10.0, 6.0, 3.0, 0.0),
            "processing_hours": (0.0, 0.0, 0.0, 0.0),
        }
    )
    found = fitted(card(), observed, np.ones(len(observed), dtype=bool))
    for points in found.values():
        assert points[0] == 0
        assert (np.diff(points) >= 0).all()
        assert (points == np.round(points)).all()
    assert not found["discontent_share"].any()
    assert found["problem_share"][1] > 0


#: Each origin's answers are in before the next one.
SHORT = Terms(horizon=timedelta(days=29), settling=timedelta(days=1))
STEPS = {
    "problem_share": (0.0, 6.0, 12.0, 20.0),
    "discontent_share": (0.0, 0.0, 3.0, 6.0),
    "processing_hours": (0.0, 5.0, 9.0, 16.0),
}


def test_the_gain_is_of_origins_that_the_fit_had_not_seen() -> None:
    observed = drawn(STEPS)
    begun, (before, _) = out_of_sample(card(), observed, SHORT)
    assert set(begun.origin) == {1, 2, 3}
    late = observed.origin >= 2
    bad = np.where(late, observed["labelled"] - observed["bad"], observed["bad"])
    other = replace(observed, numbers={**observed.numbers, "bad": bad})
    _, (after, _) = out_of_sample(card(), other, SHORT)
    # What followed the third origin changes no points but those at the fourth.
    assert (before.risk[begun.origin < 3] == after.risk[begun.origin < 3]).all()
    assert (before.risk[begun.origin == 3] != after.risk[begun.origin == 3]).any()
    # Answers that are not in by any origin leave nothing to test.
    late_answers = Terms(horizon=timedelta(days=90), settling=timedelta(days=30))
    assert len(out_of_sample(card(), observed, late_answers)[0]) == 0


def test_a_gain_is_seen_where_there_is_one_and_only_there() -> None:
    observed = drawn(STEPS)
    truth = card().with_points({name: np.array(points) for name, points in STEPS.items()})
    blind = card().with_points({name: np.zeros(len(points)) for name, points in STEPS.items()})
    for in_force, is_better in ((truth, False), (blind, True)):
        gain = Comparison(*out_of_sample(in_force, observed, SHORT)).differences()[0].auc
        assert gain.low is not None
        assert gain.high is not None
        assert (gain.low > 0) is is_better
        assert gain.low < gain.high


def test_the_rates_in_force_are_derived_as_their_table_says() -> None:
    """14 % and 22 points of a shop of which nothing is known; 20 points double the odds."""
    with (PROJECT_ROOT / "seeds" / "problem_rates.csv").open(encoding="utf-8") as file:
        given = [(int(r["points"]), r["rate"], r["low"], r["high"]) for r in csv.DictReader(file)]
    made = rates(14, 22, 51)
    assert given == [(one.points, f"{one.rate:.2f}", f"{one.low:.2f}", f"{one.high:.2f}") for one in made]
    odds = [float(one.rate) / (100 - float(one.rate)) for one in made]
    assert odds[42] / odds[22] == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize("usual", [0.1, 50.0, 99.9])
def test_a_rate_lies_within_its_range(usual: float) -> None:
    """Also where nearly no order, or nearly every one, goes wrong: what is proposed is policy."""
    made = rates(usual, 22, 200)
    assert all(0 <= one.low <= one.rate <= one.high <= 100 for one in made)
    for name in ("rate", "low", "high"):
        values = [getattr(one, name) for one in made]
        assert values == sorted(values)

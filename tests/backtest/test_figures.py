"""The figures of a backtest, against calculations of another kind and against known truths."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random

import numpy as np
import pandas as pd
import pytest

from standing.backtest.arrays import Numbers
from standing.backtest.bunching import Shops, Tier, bunching
from standing.backtest.calibration import shift, slope
from standing.backtest.card import Card, Metric
from standing.backtest.comparison import Comparison
from standing.backtest.figures import Backtest, Counts, Figure, Group, PairedDifference, ScoreFigures
from standing.backtest.flaps import Earned, Period, changes, counted
from standing.backtest.groups import by_volume, grouped, tenths
from standing.backtest.observations import Observations
from standing.backtest.ranking import rank_orders, rank_shops
from standing.backtest.scores import Score, scores
from standing.backtest.wording import cannot_tell, remember

#: A card of the measures that models have.
STEPS = np.arange(6.0)
CARD = Card(
    metrics=tuple(
        Metric(name, name, 10, prior, prior * STEPS / 3, STEPS)
        for name, prior in (("problem_share", 14), ("discontent_share", 14), ("processing_hours", 75))
    ),
    own_k=20,
    rate_points=np.arange(16.0),
    rates=np.linspace(0.05, 0.3, 16),
    lows=np.linspace(0, 0.2, 16),
    highs=np.linspace(0.2, 0.5, 16),
)
POLICY = {"adjusted_rating_k": 10.0, "adjusted_rating_prior": 4.0}
MOMENTS = tuple(datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2, 3))


def market(seed: int, shops: int = 400) -> tuple[Observations, Numbers]:
    """Shops whose shares of bad orders are drawn from a beta, at three origins; and the shares."""
    random = np.random.default_rng(seed)
    rate = np.tile(random.beta(2, 12, shops), len(MOMENTS))
    known, labelled = random.poisson(12, len(rate)), random.poisson(25, len(rate))
    problems, bad = random.binomial(known, rate), random.binomial(labelled, rate)
    reviews = known
    columns = {
        "orders": known,
        "known_orders": known,
        "problems": problems,
        "labelled": labelled,
        "bad": bad,
        "reviews": reviews,
        "rating_sum": 5 * reviews - 4 * problems,
        "counted_reviews": reviews,
        "counted_sum": 5 * reviews - 4 * problems,
        "rated_orders": known,
        "discontented_orders": problems,
        "shipped_orders": known,
        "hours": 75 * known,
        "recent_shipped_orders": known,
        "recent_hours": 75 * known,
    }
    return (
        Observations(
            moments=MOMENTS,
            origin=np.repeat(np.arange(len(MOMENTS)), shops),
            shop=np.tile(np.arange(shops), len(MOMENTS)),
            seller_id=("",) * len(rate),
            level=np.full(len(rate), ""),
            numbers={name: values.astype(float) for name, values in columns.items()},
        ),
        rate,
    )


def test_auc_is_the_share_of_pairs_that_a_count_of_all_pairs_gives() -> None:
    random = np.random.default_rng(1)
    origin, shop = random.integers(0, 3, 60), random.integers(0, 20, 60)
    risk, good, bad = random.integers(0, 6, 60).astype(float), random.poisson(2, 60), random.poisson(1, 60)
    weights = random.poisson(1, 20).astype(float)
    right = pairs = 0.0
    for i in range(60):
        for j in range(60):
            if origin[i] == origin[j]:
                pair = bad[i] * weights[shop[i]] * good[j] * weights[shop[j]]
                pairs += pair
                right += pair * (1.0 if risk[i] > risk[j] else 0.5 if risk[i] == risk[j] else 0.0)
    ranked = rank_orders(origin, shop, risk, ((good + bad).astype(float), bad.astype(float)))
    assert ranked.auc(weights) == pytest.approx(right / pairs)


def test_spearman_is_that_of_pandas_also_where_shops_are_drawn_twice() -> None:
    random = np.random.default_rng(2)
    origin, shop = np.repeat([0, 1], 40), np.tile(np.arange(40), 2)
    risk = random.integers(0, 9, 80).astype(float)
    share = np.round(risk / 20 + random.random(80), 1)
    weights = random.poisson(1, 40).astype(float)
    drawn = pd.DataFrame({"origin": origin, "risk": risk, "share": share}).loc[
        np.repeat(np.arange(80), weights[shop].astype(int))
    ]
    wanted = [
        (len(rows), rows.risk.rank().corr(rows["share"].rank())) for _, rows in drawn.groupby("origin")
    ]
    mean = sum(number * value for number, value in wanted) / sum(number for number, _ in wanted)
    assert rank_shops(origin, shop, risk, share).spearman(weights) == pytest.approx(mean)


def test_a_score_that_knows_the_truth_has_slope_one_and_gains_and_a_boastful_one_has_not() -> None:
    observed, _ = market(3)
    best = (observed["problems"] + 2) / (observed["known_orders"] + 14)
    odds = best / (1 - best)
    boastful = odds**3 / (odds**3 + np.mean(odds) ** 2)
    found = Comparison(
        observed, (Score("best", "", best, best), Score("boastful", "", boastful, boastful))
    ).calibration()
    right, wrong = found
    assert right.slope.low is not None
    assert right.slope.high is not None
    assert right.slope.low < 1 < right.slope.high < 1.3
    assert right.level_error.low is not None
    assert right.level_error.high is not None
    assert right.level_error.low < 0 < right.level_error.high
    assert right.brier_gain.low is not None
    assert right.brier_gain.low > 0
    assert right.brier < right.brier_constant
    assert wrong.slope.high is not None
    assert wrong.slope.high < 0.5
    labelled, bad = observed["labelled"], observed["bad"]
    each = np.repeat(best, labelled.astype(int))
    ends = np.concatenate([np.arange(n) < b for n, b in zip(labelled, bad, strict=True)])
    assert right.brier == pytest.approx(np.mean((each - ends) ** 2))


def test_scores_that_know_are_told_from_chance_and_shuffled_outcomes_are_not() -> None:
    observed, _ = market(4)
    compared = scores(observed, POLICY, CARD)
    known = Comparison(observed, compared)
    for one in known.score_figures()[:4]:
        assert one.auc.low is not None
        assert one.auc.low > 0.55
        assert one.spearman.low is not None
        assert one.spearman.low > 0.2
    order = np.random.default_rng(5).permutation(len(observed))
    numbers = {**observed.numbers, **{name: observed[name][order] for name in ("labelled", "bad")}}
    chance = Comparison(replace(observed, numbers=numbers), compared)
    for one in chance.score_figures():
        assert one.auc.low is not None
        assert one.auc.high is not None
        assert one.auc.low < 0.5 < one.auc.high
    card = known.score_figures()[0]
    assert card.name == "expected_problem_rate"
    volume = known.differences()[-1]
    assert volume.against == "volume"
    assert volume.auc.low is not None
    assert volume.auc.low > 0.05
    assert volume.better_at == len(MOMENTS)


def test_the_range_of_a_score_covers_the_share_that_it_is_made_for() -> None:
    observed, rate = market(6)
    wide = Score("wide", "", rate, rate, rate * 0, rate * 0 + 1)
    narrow = Score("narrow", "", rate, rate, rate, rate)
    covered = [one.coverage for one in Comparison(observed, (wide, narrow)).calibration()]
    assert covered[0] == 1
    assert covered[1] is not None
    assert covered[1] < 0.5


def test_tenths_hold_all_orders_once_and_rise() -> None:
    observed, rate = market(7)
    parts = grouped(observed, tenths(observed, Score("", "", rate)))
    assert len(parts) == 10
    assert sum(one.orders for one in parts) == observed["labelled"].sum()
    shares = [one.bad_share.value or 0 for one in parts]
    assert shares[0] < 0.06 < 0.25 < shares[-1]
    assert max(before - after for before, after in pairwise(shares)) < 0.02
    fifths = list(by_volume(observed))
    assert sum(part.rows.sum() for part in fifths) == len(observed)
    assert len(fifths) == 5


def test_two_samples_of_one_kind_have_not_shifted() -> None:
    random = np.random.default_rng(8)
    first, second = random.normal(size=3000), random.normal(size=3000)
    assert shift(first, first) == 0
    assert shift(first, second) < 0.02
    assert shift(first, second + 1) > 0.5


def daily(earned: list[Earned], grace: dict[int, int], period: Period) -> list[tuple[date, bool]]:
    """As runs do it, day by day."""
    by_day = {one.day: one.level for one in earned}
    level, since, found = 1, None, []
    published = 1
    for number in range((period.last - period.first).days + 400):
        day = period.first - timedelta(days=399) + timedelta(days=number)
        level = by_day.get(day, level)
        if day <= period.first:
            published = level
            continue
        if level >= published:
            since = None
            kept = level
        else:
            since = since or day
            kept = published if since + timedelta(days=grace[published]) > day else level
        if kept != published:
            found.append((day, kept > published))
            since = None
        published = kept
    return found


def test_tiers_change_as_daily_runs_change_them() -> None:
    roll = Random(9)  # noqa: S311
    period = Period(date(2026, 1, 1), date(2026, 12, 31))
    made = 0
    for number in range(300):
        days = sorted(roll.sample(range(-100, 364), roll.randrange(0, 12)))
        earned = [
            Earned(str(number), period.first + timedelta(days=day), roll.randrange(1, 4)) for day in days
        ]
        grace = {1: roll.choice((0, 5)), 2: roll.choice((0, 14, 30)), 3: roll.choice((0, 30, 60))}
        wanted = daily(earned, grace, period)
        assert [(one.day, one.is_up) for one in changes(earned, grace, period)] == wanted
        made += len(wanted)
    assert made > 500


def test_a_tier_that_is_lost_and_won_again_flaps_and_grace_bridges_it() -> None:
    day = date(2026, 3, 1)
    period = Period(date(2026, 1, 1), date(2026, 12, 31))
    shop = [Earned("a", day + timedelta(days=ago), level) for ago, level in ((-90, 2), (0, 1), (20, 2))]
    late = [Earned("b", date(2026, 12, 20), 2)]
    found = counted("0", [*shop, *late], {1: 0, 2: 0}, period)
    assert (found.up, found.down, found.reversed, found.share) == (1, 1, 1, 0.5)
    assert counted("30", shop, {1: 30, 2: 30}, period).share is None


def near_a_cut_off(random: np.random.Generator, gaming: float) -> Shops:
    """Shops with ever fewer orders; so many of those just before ten orders make the rest up."""
    orders = np.floor(random.pareto(1.0, 4000) * 5) + 1
    works = (orders >= 7) & (orders < 10) & (random.random(len(orders)) < gaming)
    orders[works] = 10 + random.integers(0, 3, works.sum())
    return Shops(orders, orders, 4.5 * orders)


def test_shops_that_work_for_a_cut_off_are_seen_and_others_are_not() -> None:
    tier = [Tier("rising", 10, None)]
    honest = [next(bunching(near_a_cut_off(np.random.default_rng(n), 0), tier)) for n in range(20)]
    gaming = [next(bunching(near_a_cut_off(np.random.default_rng(n), 0.4), tier)) for n in range(20)]
    assert max(abs(one.z or 0) for one in honest) < 3
    assert min(one.z or 0 for one in gaming) > 3
    seen = [one.smallest_seen for one in honest]
    assert all(one is not None and 0.02 < one < 0.4 for one in seen)
    alone = list(bunching(Shops(np.ones(3), np.ones(3), np.ones(3)), [Tier("rising", 10, 4.0)]))
    assert [(one.z, one.smallest_seen) for one in alone] == [(None, None)] * 2


def test_a_few_shops_have_no_intervals_and_no_sentence_and_no_line_through_a_cliff() -> None:
    """Drawing three shops again would say that their share is certain."""
    observed, _ = market(10, shops=3)
    known = Comparison(observed, scores(observed, POLICY, CARD))
    assert {one.auc.low for one in known.score_figures()} == {None}
    assert {one.slope.low for one in known.calibration()} == {None}
    parts = grouped(observed, tenths(observed, Score("", "", observed["problems"])))
    assert {one.bad_share.low for one in parts} == {None}
    assert all(one.bad_share.value is not None for one in parts)
    nothing = Backtest(MOMENTS[0], 90, deciles=parts, counts=Counts(9, 9, 1, 0, 0, 0))
    assert remember(nothing) == ""
    cliff = np.array([0.1, 0.1, 0.2, 0.2])
    one, orders = np.zeros(4, dtype=np.int64), np.full(4, 50.0)
    assert np.isnan(slope(one, cliff, orders, np.array([0.0, 0.0, 50.0, 50.0])))


def test_what_cannot_be_told_of_levels_and_of_small_and_large_shops_is_said() -> None:
    gains = {
        "0 to 18": Figure(0.02, -0.01, 0.05),
        "19 to 90": Figure(0.0, -0.1, 0.1),
        "91": Figure(0.1, 0.01, 0.2),
    }
    volumes = tuple(Group(label, 40, 40, Figure(), gain=gain) for label, gain in gains.items())
    clear = PairedDifference("adjusted", Figure(0.1, 0.05, 0.2), Figure(), 3)
    titles = {"expected_problem_rate": "expected problem rate", "adjusted": "adjusted rating"}
    ranked = tuple(ScoreFigures(name, title, Figure(), Figure()) for name, title in titles.items())
    found = Backtest(
        MOMENTS[0],
        90,
        lead="expected_problem_rate",
        counts=Counts(120, 120, 9, 0, 0, 0),
        scores=ranked,
        differences=(clear,),
        volumes=volumes,
    )

    def said(of: Backtest, word: str) -> list[str]:
        return [one for one in cannot_tell(of) if word in one]

    assert said(found, "orders before") == [
        "Whether, of the smallest shops (0 to 18 orders before), the expected problem rate ranks better"
        " than the adjusted rating: within noise."
    ]
    turned = replace(found, volumes=volumes[::-1])
    assert [one[:25] for one in said(turned, "orders before")] == ["Whether, of the largest s"]
    assert said(found, "trust level")[0].startswith("By trust level: the origins were never replayed;")
    some = (Group("silver", 3, 30, Figure()), Group("gold", 3, 60, Figure()))
    assert said(replace(found, levels=some), "trust level") == [
        "By trust level: only some origins were replayed, with 75.0 % of the orders."
    ]
    whole = (*some, Group("bronze", 3, 30, Figure()))
    assert said(replace(found, levels=whole), "trust level") == []

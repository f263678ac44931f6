"""Whether shops gather just beyond the cut-offs of tiers, as they would where some work for them.

The numbers of shops beside a cut-off follow a smooth curve; what the first few places beyond it hold above
that is put against its error. The method is that of the density test at a kink (Saez 2010, McCrary 2008),
with a Poisson regression that allows for more spread than Poisson has.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from standing.backtest.arrays import Numbers
from standing.backtest.figures import Bunching

#: Places beyond the cut-off where those who work for it stand, and before it from where they come.
REACH = 3
#: A test that says so at z 2 sees an effect of this many errors four times in five.
SEEN = 1.96 + 0.84
#: Fewer shops around a cut-off make no curve.
LEAST_SHOPS = 100
#: Most places on each side that the curve is drawn through.
WIDEST = 40


@dataclass(frozen=True)
class Tier:
    """A tier's cut-offs."""

    name: str
    min_orders: int
    min_rating: float | None


@dataclass(frozen=True)
class Shops:
    """Completed orders, reviews and the sum of their stars, a shop each."""

    orders: Numbers
    reviews: Numbers
    rating_sum: Numbers


def bunching(shops: Shops, tiers: Sequence[Tier]) -> Iterator[Bunching]:
    """At each cut-off of orders and of stars that asks for something."""
    for tier in tiers:
        if tier.min_orders > 1:
            places = shops.orders[shops.orders > 0]
            beyond = places - tier.min_orders
            yield _tested(tier.name, "orders", float(tier.min_orders), beyond, tier.min_orders - 1)
        if tier.min_rating is not None and tier.min_rating < 5:
            near = (shops.orders >= tier.min_orders) & (shops.reviews > 0)
            missing = (tier.min_rating * shops.reviews - shops.rating_sum)[near] / (5 - tier.min_rating)
            # Five-star reviews that are missing lie before it, those beyond what it takes behind it.
            beyond = -np.ceil(np.round(missing, 9))
            yield _tested(tier.name, "stars", tier.min_rating, beyond, WIDEST)


def _tested(tier: str, what: str, cut_off: float, beyond: Numbers, room: int) -> Bunching:
    """`beyond` is 0 where a shop has just reached it; before it there are only `room` places."""
    width = min(WIDEST, max(room, REACH + 2))
    places = np.arange(-min(width, room), width + 1)
    near = beyond[(beyond >= places[0]) & (beyond <= places[-1])]
    counts = np.bincount((near - places[0]).astype(np.int64), minlength=len(places)).astype(np.float64)
    if len(near) < LEAST_SHOPS or len(places) < 8:
        return Bunching(tier, what, cut_off, len(near), None, None)
    along = np.log(places + cut_off) if what == "orders" else places / width
    gaming = ((places >= 0) & (places < REACH)).astype(np.float64)
    effect, error, smooth = _fitted(
        counts, np.column_stack([np.ones(len(places)), along, along**2, gaming])
    )
    if not np.isfinite(error) or error == 0:
        return Bunching(tier, what, cut_off, len(near), None, None)
    extra = smooth[gaming > 0].sum() * np.expm1(SEEN * error)
    within_reach = smooth[(places < 0) & (places >= -REACH)].sum()
    share = float(extra / within_reach) if within_reach else np.inf
    seen = ceil(100 * share) / 100 if share <= 1 else None
    return Bunching(tier, what, cut_off, len(near), float(effect / error), seen)


def _fitted(counts: Numbers, design: Numbers) -> tuple[float, float, Numbers]:
    """The last column's effect and its error, and the curve without it; iteratively reweighted."""
    expected: Numbers = counts + 0.5
    coefficients: Numbers = np.zeros(design.shape[1])
    with np.errstate(all="ignore"):
        for _ in range(50):
            working = np.log(expected) + (counts - expected) / expected
            weighted = design.T * expected
            information = weighted @ design + 1e-12 * np.eye(design.shape[1])
            found = np.linalg.solve(information, weighted @ working)
            done = np.allclose(found, coefficients, atol=1e-10)
            coefficients = found
            expected = np.exp(np.clip(design @ coefficients, -30, 30))
            if done:
                break
        free = max(len(counts) - design.shape[1], 1)
        spread = max(float(np.sum((counts - expected) ** 2 / expected)) / free, 1.0)
        covariance = np.linalg.pinv((design.T * expected) @ design) * spread
    smooth = np.exp(np.clip(design[:, :-1] @ coefficients[:-1], -30, 30))
    return float(coefficients[-1]), float(np.sqrt(max(covariance[-1, -1], 0))), smooth

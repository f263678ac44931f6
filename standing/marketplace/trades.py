"""Who buys from whom, and when: growth over two years, weeks and days in Bangkok, favourites, fraud."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from standing.marketplace.binary_copy import Booleans, Integers
from standing.marketplace.population import DAY, HISTORY_DAYS, HOUR, Population, Reals, Scale

BLOCK = 50_000
#: Bangkok is seven hours ahead of UTC all year.
BANGKOK = 7 * HOUR
BY_HOUR = np.array([2, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 7, 6, 6, 6, 6, 7, 8, 10, 11, 9, 5], dtype=float)
#: Monday first.
BY_WEEKDAY = np.array([1.0, 0.95, 0.95, 1.0, 1.1, 1.3, 1.25])
THURSDAY = 3  # 1970-01-01

#: Shares of all orders.
RING_SHARE = 0.012
FAVOURITE_SHARE = 0.3
#: Of the orders of a shop that deals with itself.
SELF_SHARE = 0.03


@dataclass(frozen=True)
class Trades:
    """One block of orders, as placed. `first` is the number of its first order."""

    first: int
    created: Integers
    buyer: Integers
    shop: Integers
    fraud: Booleans

    @property
    def number(self) -> Integers:
        return np.arange(self.first, self.first + len(self.created))


def trades(population: Population) -> Iterator[Trades]:
    """All orders in the order of their creation."""
    scale = population.scale
    per_hour = _orders_per_hour(scale)
    hour_of_order = np.repeat(np.arange(len(per_hour), dtype=np.int64), per_hour)
    favourite = _drawn(population.shops.pull, scale.generator(2).random(scale.users))
    for first in range(0, scale.orders, BLOCK):
        hours = hour_of_order[first : first + BLOCK]
        chance = scale.generator(3, first // BLOCK)
        within = (chance.random(len(hours)) * HOUR).astype(np.int64)
        created = np.sort(scale.start + hours * HOUR + within)
        buyer = _buyers(population, chance, created)
        shop = _shops(population, chance, created, favourite[buyer])
        honest = np.zeros(len(created), dtype=np.bool_)
        yield _with_fraud(population, chance, Trades(first, created, buyer, shop, honest))


def _orders_per_hour(scale: Scale) -> Integers:
    start = scale.start + np.arange(HISTORY_DAYS * 24) * HOUR
    local = start + BANGKOK
    growth = 0.25 + np.arange(len(start)) / len(start)
    days = local // DAY
    festival = np.where(festival_days(days), 2.2, 1.0)
    weight = growth * BY_HOUR[local % DAY // HOUR] * BY_WEEKDAY[(days + THURSDAY) % 7] * festival
    return scale.generator(4).multinomial(scale.orders, weight / weight.sum()).astype(np.int64)


def festival_days(days: Integers) -> Booleans:
    """Days since 1970 on which day and month are equal (9.9, 10.10, 11.11, 12.12): the big sales."""
    dates = days.astype("datetime64[D]")
    month = dates.astype("datetime64[M]").astype(np.int64) % 12 + 1
    day = (dates - dates.astype("datetime64[M]")).astype(np.int64) + 1
    return np.asarray((day == month) & (month >= 9))


def _drawn(cumulative: Reals, where: Reals) -> Integers:
    """Numbers drawn by weight: `where` from 0 to 1 of the sum of the weights."""
    drawn = np.searchsorted(cumulative, where * cumulative[-1], side="right")
    return np.asarray(np.minimum(drawn, len(cumulative) - 1), dtype=np.int64)


def _drawn_so_far(
    cumulative: Reals, chance: np.random.Generator, since: Integers, at: Integers
) -> Integers:
    """The same among those who were there at each moment; `since` is sorted and begins before all."""
    there = np.maximum(np.searchsorted(since, at, side="left"), 1)
    where = chance.random(len(at)) * cumulative[there - 1]
    drawn = np.searchsorted(cumulative, where, side="right")
    return np.asarray(np.minimum(drawn, there - 1), dtype=np.int64)


def _buyers(population: Population, chance: np.random.Generator, created: Integers) -> Integers:
    people = population.people
    return _drawn_so_far(people.appetite, chance, people.joined, created)


def _shops(
    population: Population, chance: np.random.Generator, created: Integers, favourite: Integers
) -> Integers:
    """A shop that is open: the buyer's favourite, or any by its pull."""
    shops = population.shops
    shop = _drawn_so_far(shops.pull, chance, shops.opened, created)
    loyal = chance.random(len(created)) < FAVOURITE_SHARE
    loyal &= (shops.opened[favourite] < created) & (shops.closed[favourite] > created)
    shop = np.where(loyal, favourite, shop)
    for _ in range(4):
        shut = np.flatnonzero(shops.closed[shop] < created)
        shop[shut] = _drawn_so_far(shops.pull, chance, shops.opened, created[shut])
    shop[shops.closed[shop] < created] = 0  # the first shop never closes
    return shop


def _with_fraud(population: Population, chance: np.random.Generator, block: Trades) -> Trades:
    """Rings buy from their fake shops, a few owners from themselves; nobody else deals with himself."""
    people, shops = population.people, population.shops
    count = len(block.created)
    buyer, shop = block.buyer.copy(), block.shop.copy()
    buyer = np.where(shops.owner[shop] == buyer, np.where(buyer > 0, buyer - 1, 1), buyer)

    shop_of_owner = {int(shops.owner[fake]): int(fake) for fake in np.flatnonzero(shops.fake)}
    members = np.flatnonzero(people.ring >= 0)
    theirs = np.array([shop_of_owner[int(owner)] for owner in people.ring[members]], dtype=np.int64)
    pick = chance.integers(0, len(members), count)
    ready = np.maximum(people.joined[members], shops.opened[theirs])[pick] < block.created
    ring = (chance.random(count) < RING_SHARE) & ready
    buyer[ring], shop[ring] = members[pick][ring], theirs[pick][ring]

    own = shops.self_dealing[shop] & ~ring & (chance.random(count) < SELF_SHARE)
    buyer[own] = shops.owner[shop[own]]
    return Trades(block.first, block.created, buyer, shop, ring | own)

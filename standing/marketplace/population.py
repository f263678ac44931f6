"""Who lives in a simulated marketplace: people, shops and products, with their hidden qualities.

Users are numbered in the order they joined, shops in the order they opened. `quality` is how well a
person treats others, `shop_quality` how well a shop serves: both about standard normal, never shown to
the application. Nothing here or in the other modules of the simulation knows how members are scored.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from standing.marketplace.binary_copy import Booleans, Integers

HOUR = 3_600_000_000
DAY = 24 * HOUR
HISTORY_DAYS = 730
#: Users join up to this long before the first order.
RUN_UP_DAYS = 180
USERS_PER_SHOP = 28
#: Standard deviation of the logarithm of a shop's pull, its quality aside. With 1.5 the largest 1% of shops
#: have 23% of the orders, as of Olist's sellers, and the largest 10% have 61% (Olist: 66%), whatever the
#: number of shops.
SIZE_SPREAD = 1.5

Reals = NDArray[np.float64]

#: What the uuids of each kind of row are made from.
KINDS = {
    "users": 1, "seller_profiles": 2, "products": 3, "orders": 4, "order_items": 5, "reviews": 6,
    "admin_users": 7, "messages": 8, "threads": 9, "disputes": 10, "returns": 11, "user_sessions": 12,
    "user_reports": 13, "user_warnings": 14, "payouts": 15, "order_exclusions": 16,
}  # fmt: skip


@dataclass(frozen=True)
class Scale:
    """What was asked for; `end` is the history's last moment, in microseconds since 1970."""

    users: int
    orders: int
    seed: int
    end: int
    #: How many shops; None for one for every 28 users.
    sellers: int | None = None

    @property
    def start(self) -> int:
        return self.end - HISTORY_DAYS * DAY

    def generator(self, *purpose: int) -> np.random.Generator:
        """Chance of its own for each purpose, so that one does not shift another."""
        return np.random.default_rng([self.seed, *purpose])


@dataclass(frozen=True)
class People:
    """By user number. `appetite` is cumulative; `ring` is the fake shop a user works for, or -1."""

    joined: Integers
    quality: Reals
    leniency: Reals
    appetite: Reals
    ring: Integers


@dataclass(frozen=True)
class Shops:
    """By shop number. `pull` is cumulative; `allowance` hours to ship, 0 where the shop promises none;
    `catalogue` the first product number of each shop, and of one past the last."""

    owner: Integers
    opened: Integers
    closed: Integers
    quality: Reals
    pull: Reals
    fake: Booleans
    self_dealing: Booleans
    allowance: Integers
    catalogue: Integers


@dataclass(frozen=True)
class Population:
    scale: Scale
    people: People
    shops: Shops
    #: Hundredths, by product number.
    price: Integers


def populate(scale: Scale) -> Population:
    """All members and products of a marketplace; the same for the same scale."""
    chance = scale.generator(1)
    joined = _joining_times(scale, chance)
    ring, fake_owners = _rings(scale, chance)
    people = _people(scale, chance, joined, ring)
    shops = _shops(scale, chance, people, fake_owners)
    return Population(scale, people, shops, _prices(chance, shops))


def fewest_and_most_shops(users: int) -> tuple[int, int]:
    """So many that some are no fake ones, and that each has an owner of its own."""
    return _fake_shops(users) + 4, users // 2


def _fake_shops(users: int) -> int:
    return int(np.clip(users // 1000, 1, 40))


def _joining_times(scale: Scale, chance: np.random.Generator) -> Integers:
    span = (HISTORY_DAYS + RUN_UP_DAYS) * DAY
    joined = scale.end - span + (span * chance.random(scale.users) ** 0.6).astype(np.int64)
    joined[:3] = scale.end - span  # somebody is there when the first order comes
    return np.sort(joined)


def _rings(scale: Scale, chance: np.random.Generator) -> tuple[Integers, list[int]]:
    """A handful of fake shops: an owner and the accounts made right after, which buy from it."""
    ring = np.full(scale.users, -1, dtype=np.int64)
    shops = _fake_shops(scale.users)
    size = int(np.clip(scale.users // 40, 3, 14))
    starts = np.linspace(0.35 * scale.users, 0.85 * scale.users - size, shops).astype(np.int64)
    for start in starts:
        ring[start + 1 : start + 1 + size] = start
    return ring, [int(start) for start in starts]


def _people(scale: Scale, chance: np.random.Generator, joined: Integers, ring: Integers) -> People:
    quality = np.clip(chance.standard_normal(scale.users), -3, 3)
    quality[ring >= 0] -= 1
    appetite = chance.lognormal(0, 1.25, scale.users)
    appetite[chance.random(scale.users) < 0.14] = 0
    appetite[0] = 1
    appetite[ring >= 0] *= 0.15
    leniency = chance.normal(0, 0.35, scale.users)
    return People(joined, quality, leniency, np.cumsum(appetite), ring)


def _shops(scale: Scale, chance: np.random.Generator, people: People, fakes: list[int]) -> Shops:
    count = scale.sellers or max(fewest_and_most_shops(scale.users)[0], scale.users // USERS_PER_SHOP)
    owner, is_fake = _owners(scale, chance, people, fakes, count)
    opened = people.joined[owner] + (chance.exponential(5, count) * DAY).astype(np.int64)
    opened = np.minimum(np.where(is_fake, people.joined[owner] + HOUR, opened), scale.end - HOUR)
    order = np.argsort(opened, kind="stable")
    owner, opened, is_fake = owner[order], opened[order], is_fake[order]
    quality = np.clip(0.75 * people.quality[owner] + 0.66 * chance.standard_normal(count), -3, 3)
    quality[is_fake] = chance.normal(-1.8, 0.2, int(is_fake.sum()))
    pull = np.exp(SIZE_SPREAD * _even_normal(chance, count) + 0.35 * quality)
    pull[chance.random(count) < 0.08] = 0
    pull[0] = 0.5 / count
    pull[is_fake] = pull.mean() * 0.2
    closed = opened + DAY * 60 + (chance.random(count) * HISTORY_DAYS * DAY).astype(np.int64)
    closed[(chance.random(count) > 0.12) | (np.arange(count) == 0)] = scale.end
    products = np.clip(chance.lognormal(2.7, 0.8, count), 1, 250).astype(np.int64)
    return Shops(
        owner=owner,
        opened=opened,
        closed=np.minimum(closed, scale.end),
        quality=quality,
        pull=np.cumsum(pull),
        fake=is_fake,
        self_dealing=(chance.random(count) < 0.04) & ~is_fake,
        allowance=chance.choice(np.array([0, 48, 72]), count, p=[0.15, 0.5, 0.35]),
        catalogue=np.concatenate([[0], np.cumsum(products)]),
    )


def _even_normal(chance: np.random.Generator, count: int) -> Reals:
    """The standard normal's quantiles in random order: no shop is a giant by luck, whatever the seed."""
    inverse = NormalDist().inv_cdf
    return chance.permutation([inverse((place + 0.5) / count) for place in range(count)])


def _owners(
    scale: Scale, chance: np.random.Generator, people: People, fakes: list[int], count: int
) -> tuple[Integers, Booleans]:
    """User numbers of all shops' owners; early members open shops more often, ring accounts never."""
    likely = np.linspace(2, 0.5, scale.users)
    likely[(people.ring >= 0) | np.isin(np.arange(scale.users), [0, *fakes])] = 0
    honest = chance.choice(scale.users, count - len(fakes) - 1, replace=False, p=likely / likely.sum())
    owner = np.concatenate([[0], honest, fakes]).astype(np.int64)
    return owner, np.isin(owner, fakes)


def _prices(chance: np.random.Generator, shops: Shops) -> Integers:
    """Log-normal around each shop's own level; fake shops sell cheap."""
    count = len(shops.owner)
    level = np.where(shops.fake, np.log(25), chance.normal(np.log(320), 0.8, count))
    per_shop = np.diff(shops.catalogue)
    baht = np.exp(np.repeat(level, per_shop) + chance.normal(0, 0.45, int(shops.catalogue[-1])))
    ending = chance.choice(np.array([0, 0, 0, 50, 90, 99]), len(baht))
    return np.asarray(np.clip(baht, 5, 200_000).astype(np.int64) * 100 + ending)


def products_on_sale(population: Population, shop: Integers, at: Integers) -> Integers:
    """How many of a shop's products existed at a moment: it starts with some and adds more."""
    shops = population.shops
    size = shops.catalogue[shop + 1] - shops.catalogue[shop]
    age = (at - shops.opened[shop]) / np.maximum(population.scale.end - shops.opened[shop], 1)
    return np.clip((size * np.sqrt(np.clip(age, 0, 1))).astype(np.int64) + 1, 1, size)


def product_created(population: Population, shop: Integers, place: Integers) -> Integers:
    """When product number `place` (from 0) of a shop was added: the inverse of `products_on_sale`."""
    shops = population.shops
    size = shops.catalogue[shop + 1] - shops.catalogue[shop]
    share = (place / size) ** 2
    life = np.maximum(population.scale.end - shops.opened[shop], 1)
    return shops.opened[shop] + (share * life).astype(np.int64)

"""The rows of members themselves: users, seller_profiles, products, payouts, admin_users; and the truth."""

from dataclasses import dataclass

import numpy as np

from standing.marketplace.binary_copy import (
    NULL,
    Integers,
    TableWriter,
    booleans,
    floats,
    identifiers,
    instants,
    integers,
    money,
    texts,
)
from standing.marketplace.ledger import Reviewed
from standing.marketplace.lifecycle import Lives
from standing.marketplace.population import (
    DAY,
    HISTORY_DAYS,
    KINDS,
    Population,
    Reals,
    product_created,
)
from standing.marketplace.trades import BLOCK, Trades
from standing.marketplace.wording import Wording, pool

MONTH = 30 * DAY
MONTHS = HISTORY_DAYS // 30 + 1
#: What the marketplace pays out of a hundredth of revenue.
PAID_SHARE = 0.95
MAIL_HOSTS = pool(("@example.com", "@example.net", "@mail.example.org"))
PRODUCT_STATUSES = pool(("active", "active", "active", "active", "active", "active", "paused", "deleted"))
PAYOUT_STATUSES = pool(("pending", "available", "withdrawn"))


@dataclass(frozen=True)
class Tally:
    """What a legacy application keeps up to date while orders come in."""

    last_login: Integers
    stars: Integers
    reviews: Integers
    #: Hundredths by shop and month.
    revenue: Integers

    @classmethod
    def empty(cls, population: Population) -> "Tally":
        shops = len(population.shops.owner)
        return cls(
            last_login=np.full(population.scale.users, NULL, dtype=np.int64),
            stars=np.zeros(shops, dtype=np.int64),
            reviews=np.zeros(shops, dtype=np.int64),
            revenue=np.zeros((shops, MONTHS), dtype=np.int64),
        )

    def add(self, population: Population, trades: Trades, lives: Lives, reviews: Reviewed) -> None:
        shop = trades.shop[reviews.order]
        np.add.at(self.stars, shop, reviews.rating)
        np.add.at(self.reviews, shop, 1)
        done = np.flatnonzero((lives.status == 5) & (lives.completed != NULL))
        month = np.minimum((lives.completed[done] - population.scale.start) // MONTH, MONTHS - 1)
        earned = lives.total[done] - lives.refunded_amount[done]
        np.add.at(self.revenue, (trades.shop[done], month), earned)


def write_users(
    writer: TableWriter, population: Population, wording: Wording, last_login: Integers
) -> None:
    people, seed = population.people, population.scale.seed
    for first in range(0, population.scale.users, BLOCK):
        number = np.arange(first, min(first + BLOCK, population.scale.users))
        chance = population.scale.generator(15, first)
        count, quality = len(number), people.quality[number]
        english = (people.leniency[number] > 0.18) * wording.thai
        names = np.char.add(
            np.char.add(wording.first[english + chance.integers(0, wording.thai, count)], b" "),
            wording.last[english + chance.integers(0, wording.thai, count)],
        )
        mail = np.char.add(wording.latin[chance.integers(0, len(wording.latin), count)], b".")
        mail = np.char.add(
            np.char.add(mail, number.astype("S10")), MAIL_HOSTS[chance.integers(0, 3, count)]
        )
        phone = np.char.add(b"+668", chance.integers(10_000_000, 99_999_999, count).astype("S8"))
        writer.append(
            "users",
            {
                "id": identifiers(seed, KINDS["users"], number),
                "display_name": texts(names),
                "email": texts(mail),
                "phone": texts(phone, chance.random(count) < 0.2),
                "email_verified": booleans(chance.random(count) < 0.8 + 0.06 * quality),
                "phone_verified": booleans(chance.random(count) < 0.55 + 0.08 * quality),
                "created_at": instants(people.joined[number]),
                "last_login_at": instants(last_login[number]),
            },
        )


def write_shops(writer: TableWriter, population: Population, wording: Wording, tally: Tally) -> None:
    """seller_profiles, with the mean and count of reviews as a legacy application keeps them."""
    shops, seed = population.shops, population.scale.seed
    chance = population.scale.generator(16)
    number = np.arange(len(shops.owner))
    unrated = tally.reviews == 0
    counts = np.maximum(tally.reviews, 1)
    writer.append(
        "seller_profiles",
        {
            "id": identifiers(seed, KINDS["seller_profiles"], number),
            "user_id": identifiers(seed, KINDS["users"], shops.owner),
            "shop_name": texts(wording.shops[chance.integers(0, len(wording.shops), len(number))]),
            "rating_score": money((200 * tally.stars + counts) // (2 * counts), unrated),
            "rating_count": integers(tally.reviews),
            "created_at": instants(shops.opened),
        },
    )


def write_products(writer: TableWriter, population: Population, wording: Wording) -> None:
    shops, seed = population.shops, population.scale.seed
    for first in range(0, len(population.price), BLOCK):
        number = np.arange(first, min(first + BLOCK, len(population.price)))
        chance = population.scale.generator(17, first)
        shop = np.searchsorted(shops.catalogue, number, side="right") - 1
        stock = chance.poisson(18, len(number)) * (chance.random(len(number)) > 0.12)
        status = PRODUCT_STATUSES[chance.integers(0, len(PRODUCT_STATUSES), len(number))]
        writer.append(
            "products",
            {
                "id": identifiers(seed, KINDS["products"], number),
                "seller_id": identifiers(seed, KINDS["seller_profiles"], shop),
                "name": texts(wording.products[chance.integers(0, len(wording.products), len(number))]),
                "price": money(population.price[number]),
                "stock": integers(stock),
                "status": texts(status),
                "created_at": instants(product_created(population, shop, number - shops.catalogue[shop])),
            },
        )


def write_payouts(writer: TableWriter, population: Population, revenue: Integers) -> None:
    """One a shop and month: the running month's is pending, the last one's available or withdrawn."""
    seed, scale = population.scale.seed, population.scale
    chance = scale.generator(18)
    shop, month = np.nonzero(revenue)
    created = np.minimum(scale.start + (month + 1) * MONTH, scale.end)
    waiting = (created > scale.end - 45 * DAY) & (chance.random(len(shop)) < 0.6)
    status = np.select([month == MONTHS - 1, waiting], [0, 1], 2)
    writer.append(
        "payouts",
        {
            "id": identifiers(seed, KINDS["payouts"], shop * MONTHS + month),
            "seller_id": identifiers(seed, KINDS["seller_profiles"], shop),
            "amount": money((revenue[shop, month] * PAID_SHARE).astype(np.int64)),
            "status": texts(PAYOUT_STATUSES[status]),
            "created_at": instants(created),
        },
    )


def write_admins(writer: TableWriter, population: Population) -> None:
    number = np.arange(5)
    roles = pool(("owner", "operations", "support", "support", "moderator"))
    mail = np.char.add(np.char.add(b"staff.", number.astype("S2")), b"@example.com")
    writer.append(
        "admin_users",
        {
            "id": identifiers(population.scale.seed, KINDS["admin_users"], number),
            "email": texts(mail),
            "role": texts(roles),
            "created_at": instants(np.full(5, population.scale.start)),
        },
    )


def write_truth(writer: TableWriter, population: Population) -> None:
    """The hidden qualities, for benchmarks: every user as `user`, every shop as `seller`."""
    people, shops, seed = population.people, population.shops, population.scale.seed
    crooked = shops.fake | shops.self_dealing
    fraud = people.ring >= 0
    fraud[shops.owner[crooked]] = True
    sides: tuple[tuple[str, str, Reals, object], ...] = (
        ("user", "users", people.quality, fraud),
        ("seller", "seller_profiles", shops.quality, crooked),
    )
    for role, kind, quality, flagged in sides:
        number = np.arange(len(quality))
        writer.append(
            "simulation_truth",
            {
                "member_id": identifiers(seed, KINDS[kind], number),
                "role": texts(np.full(len(number), role.encode())),
                "quality": floats(quality),
                "fraud": booleans(np.asarray(flagged)),
            },
            schema="simulation",
        )

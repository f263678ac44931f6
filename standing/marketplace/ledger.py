"""The rows that orders bring: orders, items, disputes, returns, exclusions, reviews."""

from dataclasses import dataclass

import numpy as np

from standing.marketplace.binary_copy import (
    NULL,
    Booleans,
    Integers,
    TableWriter,
    Texts,
    identifiers,
    instants,
    integers,
    money,
    texts,
)
from standing.marketplace.lifecycle import PARTIES, SELLER, STATUSES, Lives
from standing.marketplace.population import DAY, HOUR, KINDS, Population, Reals, products_on_sale
from standing.marketplace.trades import Trades
from standing.marketplace.wording import PER_RATING, Wording, pool

#: Items of one order have numbers from order × this.
MOST_ITEMS = 4
EXCLUSION_REASONS = pool(("flood", "carrier", "appeal"))


@dataclass(frozen=True)
class Basket:
    """The items of one block's orders; `order` is the place in the block, `number` the item's own."""

    order: Integers
    number: Integers
    product: Integers
    quantity: Integers
    price: Integers


def fill_baskets(population: Population, trades: Trades) -> Basket:
    """What is bought: one to four products that the shop had on sale."""
    chance = population.scale.generator(6, trades.first)
    count = len(trades.created)
    items = np.minimum(chance.geometric(0.7, count), MOST_ITEMS)
    order = np.repeat(np.arange(count), items)
    place = np.arange(len(order)) - np.repeat(np.cumsum(items) - items, items)
    shop = trades.shop[order]
    choice = chance.random(len(order)) ** 1.6
    product = (choice * products_on_sale(population, shop, trades.created[order])).astype(np.int64)
    product += population.shops.catalogue[shop]
    quantity = np.minimum(chance.geometric(0.85, len(order)), 5)
    return Basket(
        order, trades.number[order] * MOST_ITEMS + place, product, quantity, population.price[product]
    )


def order_totals(population: Population, trades: Trades, basket: Basket) -> Integers:
    """Items and shipping, in hundredths."""
    chance = population.scale.generator(7, trades.first)
    goods = np.bincount(basket.order, basket.price * basket.quantity, minlength=len(trades.created))
    shipping = chance.choice(np.array([0, 2900, 3800, 5000]), len(goods), p=[0.35, 0.25, 0.25, 0.15])
    return np.asarray(goods.astype(np.int64) + shipping)


def write_orders(
    writer: TableWriter, population: Population, trades: Trades, basket: Basket, lives: Lives
) -> None:
    """orders and order_items of one block."""
    seed = population.scale.seed
    writer.append(
        "orders",
        {
            "id": identifiers(seed, KINDS["orders"], trades.number),
            "buyer_id": identifiers(seed, KINDS["users"], trades.buyer),
            "seller_id": identifiers(seed, KINDS["seller_profiles"], trades.shop),
            "status": texts(pool(STATUSES)[lives.status]),
            "total_amount": money(lives.total),
            "created_at": instants(trades.created),
            "paid_at": instants(lives.paid),
            "ship_by": instants(lives.ship_by),
            "shipped_at": instants(lives.shipped),
            "promised_at": instants(lives.promised),
            "delivered_at": instants(lives.delivered),
            "completed_at": instants(lives.completed),
            "cancelled_at": instants(lives.cancelled),
            "cancelled_by": texts(pool(PARTIES)[lives.cancelled_by], lives.cancelled_by == 0),
            "refunded_at": instants(lives.refunded),
            "refunded_amount": money(lives.refunded_amount, lives.refunded == NULL),
            "updated_at": instants(lives.updated),
        },
    )
    writer.append(
        "order_items",
        {
            "id": identifiers(seed, KINDS["order_items"], basket.number),
            "order_id": identifiers(seed, KINDS["orders"], trades.number[basket.order]),
            "product_id": identifiers(seed, KINDS["products"], basket.product),
            "quantity": integers(basket.quantity),
            "unit_price": money(basket.price),
        },
    )


def write_cases(writer: TableWriter, population: Population, trades: Trades, lives: Lives) -> None:
    """disputes, returns and order_exclusions of one block."""
    seed = population.scale.seed
    opened = np.flatnonzero(lives.opened != NULL)
    writer.append(
        "disputes",
        {
            "id": identifiers(seed, KINDS["disputes"], trades.number[opened]),
            "order_id": identifiers(seed, KINDS["orders"], trades.number[opened]),
            "opened_at": instants(lives.opened[opened]),
            "resolved_at": instants(lives.resolved[opened]),
            "decided_against": texts(pool(PARTIES)[lives.against[opened]], lives.against[opened] == 0),
        },
    )
    asked = np.flatnonzero(lives.requested != NULL)
    writer.append(
        "returns",
        {
            "id": identifiers(seed, KINDS["returns"], trades.number[asked]),
            "order_id": identifiers(seed, KINDS["orders"], trades.number[asked]),
            "requested_at": instants(lives.requested[asked]),
            "completed_at": instants(lives.taken_back[asked]),
        },
    )
    _write_exclusions(writer, population, trades, lives)


def _write_exclusions(writer: TableWriter, population: Population, trades: Trades, lives: Lives) -> None:
    """Orders held up by the flood, and a few that a carrier spoilt or an appeal set right."""
    chance = population.scale.generator(8, trades.first)
    lost = (lives.delivered == NULL) & (lives.refunded != NULL) & (chance.random(len(lives.status)) < 0.3)
    appealed = (lives.against == SELLER) & (chance.random(len(lives.status)) < 0.02)
    reason = np.select([lives.flooded & (lives.shipped != NULL), lost, appealed], [0, 1, 2], -1)
    which = np.flatnonzero(reason >= 0)
    decided = np.minimum(lives.updated[which] + DAY, population.scale.end)
    seed = population.scale.seed
    writer.append(
        "order_exclusions",
        {
            "id": identifiers(seed, KINDS["order_exclusions"], trades.number[which]),
            "order_id": identifiers(seed, KINDS["orders"], trades.number[which]),
            "reason": texts(EXCLUSION_REASONS[reason[which]]),
            "decided_at": instants(decided),
        },
    )


@dataclass(frozen=True)
class Reviewed:
    """The reviews of one block; `order` is the place in the block."""

    order: Integers
    number: Integers
    rating: Integers
    created: Integers


def review(population: Population, trades: Trades, lives: Lives) -> Reviewed:
    """Who says what about a delivered order: how it went, the shop's quality, the buyer's leniency."""
    chance = population.scale.generator(9, trades.first)
    count = len(lives.status)
    pleasure = _pleasure(population, trades, lives) + chance.standard_normal(count)
    rating = 1 + np.searchsorted([-1.3, -0.7, 0.0, 0.75], pleasure)
    rating[trades.fraud] = 5
    speaks = chance.random(count) < np.select(
        [trades.fraud, rating <= 2, rating == 5], [0.95, 0.6, 0.45], 0.36
    )
    since = np.where(lives.completed != NULL, lives.completed, lives.delivered)
    created = since + HOUR // 4 + (chance.exponential(36, count) * HOUR).astype(np.int64)
    speaks &= (lives.delivered != NULL) & (created <= population.scale.end)
    first = np.flatnonzero(speaks)
    later = created + 2 * DAY
    again = np.flatnonzero(speaks & (chance.random(count) < 0.01) & (later <= population.scale.end))
    changed = np.clip(rating[again] + chance.integers(-1, 2, len(again)), 1, 5)
    times = np.concatenate([created[first], later[again]])
    times[chance.random(len(times)) < 0.0005] = NULL
    return Reviewed(
        order=np.concatenate([first, again]),
        number=np.concatenate([trades.number[first] * 2, trades.number[again] * 2 + 1]),
        rating=np.concatenate([rating[first], changed]),
        created=times,
    )


def _pleasure(population: Population, trades: Trades, lives: Lives) -> Reals:
    late: Booleans = (lives.promised != NULL) & (lives.delivered > lives.promised + DAY)
    trouble = 1.1 * late + 1.3 * (lives.opened != NULL) + 1.0 * (lives.requested != NULL)
    shop = 1.25 + 0.75 * population.shops.quality[trades.shop]
    return np.asarray(shop + population.people.leniency[trades.buyer] - trouble)


def write_reviews(
    writer: TableWriter, population: Population, wording: Wording, trades: Trades, reviews: Reviewed
) -> None:
    """reviews of one block."""
    seed = population.scale.seed
    chance = population.scale.generator(10, trades.first)
    buyer = trades.buyer[reviews.order]
    english = population.people.leniency[buyer] > 0.18
    half = PER_RATING // 2
    word = (reviews.rating - 1) * PER_RATING + english * half + chance.integers(0, half, len(buyer))
    comments: Texts = wording.comments[word]
    writer.append(
        "reviews",
        {
            "id": identifiers(seed, KINDS["reviews"], reviews.number),
            "order_id": identifiers(seed, KINDS["orders"], trades.number[reviews.order]),
            "seller_id": identifiers(seed, KINDS["seller_profiles"], trades.shop[reviews.order]),
            "reviewer_id": identifiers(seed, KINDS["users"], buyer),
            "rating": integers(reviews.rating),
            "comment": texts(comments, chance.random(len(buyer)) < 0.42),
            "created_at": instants(reviews.created),
        },
    )

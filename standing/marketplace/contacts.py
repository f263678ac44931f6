"""What members do besides trading: messages in threads, sessions, reports and warnings."""

import numpy as np

from standing.marketplace.binary_copy import (
    NULL,
    Booleans,
    Integers,
    TableWriter,
    identifiers,
    instants,
    texts,
)
from standing.marketplace.population import DAY, HOUR, KINDS, Population, Reals
from standing.marketplace.trades import Trades
from standing.marketplace.wording import pool

THREAD_SHARE = 0.35
#: Of the threads, those that the shop begins.
SHOP_BEGINS = 0.12
MOST_MESSAGES = 4
#: The application forgets older sessions.
SESSION_DAYS = 180
OUTCOMES = pool(("", "upheld", "dismissed"))


def write_messages(writer: TableWriter, population: Population, trades: Trades) -> None:
    """One thread at most for an order: question, answer, perhaps a second round."""
    scale, people, shops = population.scale, population.people, population.shops
    chance = scale.generator(11, trades.first)
    writes = (chance.random(len(trades.created)) < THREAD_SHARE) & ~trades.fraud
    which = np.flatnonzero(writes)
    buyer, owner = trades.buyer[which], shops.owner[trades.shop[which]]
    from_shop = chance.random(len(which)) < SHOP_BEGINS
    asker, answerer = np.where(from_shop, owner, buyer), np.where(from_shop, buyer, owner)
    manners = np.where(from_shop, people.quality[buyer] - 1, shops.quality[trades.shop[which]])

    earliest = np.maximum(np.maximum(people.joined[buyer], shops.opened[trades.shop[which]]), scale.start)
    offset = (chance.uniform(-5, 20, len(which)) * HOUR).astype(np.int64)
    asked = np.maximum(trades.created[which] + offset, earliest)
    answered = _answers(chance, asked, manners)
    more = chance.random(len(which)) < 0.35
    asked_again = np.where(more & (answered != NULL), answered + HOUR // 3, NULL)
    answered_again = _answers(chance, asked_again, manners)

    sent = np.stack([asked, answered, asked_again, answered_again], axis=1)
    row, turn = np.nonzero((sent != NULL) & (sent <= scale.end))
    asks = turn % 2 == 0
    number = trades.number[which][row]
    seed = scale.seed
    writer.append(
        "messages",
        {
            "id": identifiers(seed, KINDS["messages"], number * MOST_MESSAGES + turn),
            "thread_id": identifiers(seed, KINDS["threads"], number),
            "sender_id": identifiers(seed, KINDS["users"], np.where(asks, asker[row], answerer[row])),
            "recipient_id": identifiers(seed, KINDS["users"], np.where(asks, answerer[row], asker[row])),
            "sent_at": instants(sent[row, turn]),
        },
    )


def _answers(chance: np.random.Generator, asked: Integers, manners: Reals) -> Integers:
    """Quickly, late or never (NULL), depending on how the one asked treats others."""
    count = len(asked)
    answers = chance.random(count) < 1 / (1 + np.exp(-2.1 - 0.9 * manners))
    delay = 0.7 * np.exp(-0.75 * manners + 1.5 * chance.standard_normal(count))
    minutes_at_least = HOUR // 60
    answered = asked + minutes_at_least + (delay * HOUR).astype(np.int64)
    return np.where(answers & (asked != NULL), answered, NULL)


def write_shopping_sessions(
    writer: TableWriter, population: Population, trades: Trades, last_login: Integers
) -> None:
    """The visit in which each recent order was placed; notes everybody's latest in `last_login`."""
    scale = population.scale
    chance = scale.generator(12, trades.first)
    before = (chance.uniform(1, 40, len(trades.created)) * HOUR / 60).astype(np.int64)
    started = np.maximum(trades.created - before, population.people.joined[trades.buyer])
    np.maximum.at(last_login, trades.buyer, started)
    recent = np.flatnonzero(started > scale.end - SESSION_DAYS * DAY)
    length = (chance.lognormal(np.log(6), 0.9, len(recent)) * HOUR / 60).astype(np.int64)
    number = trades.number[recent] * 2
    _write_sessions(
        writer, population, number, trades.buyer[recent], (started[recent], trades.created[recent] + length)
    )


def write_idle_sessions(writer: TableWriter, population: Population, last_login: Integers) -> None:
    """Visits without an order."""
    scale, joined = population.scale, population.people.joined
    chance = scale.generator(13)
    user = np.flatnonzero(chance.random(scale.users) < 0.6)
    user = np.concatenate([user, population.shops.owner])
    window = np.minimum(scale.end - joined[user], SESSION_DAYS * DAY)
    started = scale.end - (window * chance.random(len(user))).astype(np.int64)
    np.maximum.at(last_login, user, started)
    length = (chance.lognormal(np.log(9), 1.0, len(user)) * HOUR / 60).astype(np.int64)
    number = np.arange(len(user)) * 2 + 1
    _write_sessions(writer, population, number, user, (started, started + length))


def _write_sessions(
    writer: TableWriter,
    population: Population,
    number: Integers,
    user: Integers,
    span: tuple[Integers, Integers],
) -> None:
    seed = population.scale.seed
    started, ended = span
    forgotten = number % 61 == 3  # the browser was closed without logging out
    writer.append(
        "user_sessions",
        {
            "id": identifiers(seed, KINDS["user_sessions"], number),
            "user_id": identifiers(seed, KINDS["users"], user),
            "started_at": instants(started),
            "ended_at": instants(np.where(forgotten | (ended > population.scale.end), NULL, ended)),
        },
    )


def write_reports(writer: TableWriter, population: Population) -> None:
    """Reports against members and the warnings that follow some of them."""
    scale, people, shops = population.scale, population.people, population.shops
    chance = scale.generator(14)
    rate = 0.04 * np.exp(-0.8 * people.quality)
    rate[shops.owner] += 0.25 * np.exp(-0.9 * shops.quality)
    user = np.repeat(np.arange(scale.users), np.minimum(chance.poisson(rate), 12))
    created = people.joined[user] + (
        (scale.end - people.joined[user]) * chance.random(len(user)) ** 0.7
    ).astype(np.int64)
    decided = created + (chance.exponential(60, len(user)) * HOUR).astype(np.int64)
    upheld = chance.random(len(user)) < 1 / (1 + np.exp(0.4 + people.quality[user]))
    _write_decisions(writer, population, "user_reports", user, (created, decided, upheld))

    warned = np.flatnonzero(upheld & (decided <= scale.end) & (chance.random(len(user)) < 0.4))
    stands = chance.random(len(warned)) < 0.9
    appeal = decided[warned] + (chance.exponential(30, len(warned)) * HOUR).astype(np.int64)
    _write_decisions(writer, population, "user_warnings", user[warned], (decided[warned], appeal, stands))


def _write_decisions(
    writer: TableWriter,
    population: Population,
    table: str,
    user: Integers,
    case: tuple[Integers, Integers, Booleans],
) -> None:
    seed, end = population.scale.seed, population.scale.end
    created, decided, upheld = case
    decided = np.where(decided > end, NULL, decided)
    outcome = np.where(decided == NULL, 0, np.where(upheld, 1, 2))
    writer.append(
        table,
        {
            "id": identifiers(seed, KINDS[table], np.arange(len(user))),
            "user_id": identifiers(seed, KINDS["users"], user),
            "created_at": instants(created),
            "decided_at": instants(decided),
            "outcome": texts(OUTCOMES[outcome], outcome == 0),
        },
    )

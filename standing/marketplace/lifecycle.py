"""What becomes of an order: paid, shipped, delivered, completed, cancelled, returned, refunded, disputed.

Each order's whole life is drawn first and then cut at the end of the history: orders of the last days are
still open.
"""

from dataclasses import dataclass

import numpy as np

from standing.marketplace.binary_copy import NULL, Booleans, Integers
from standing.marketplace.population import DAY, HOUR, Population, Reals
from standing.marketplace.trades import BANGKOK, THURSDAY, Trades

#: Later than any history: does not happen.
NEVER = int(np.iinfo(np.int64).max // 4)
STATUSES = (
    "pending", "paid", "processing", "shipped", "delivered", "completed", "cancelled", "returned",
    "refunded",
)  # fmt: skip
NOBODY, BUYER, SELLER, SYSTEM = range(4)
PARTIES = ("", "buyer", "seller", "system")
FLOOD_DAYS_AGO = (150, 141)
FLOODED = 0.06


@dataclass
class Lives:
    """One block of orders, being lived: instants are NEVER (in the end NULL) where nothing happens."""

    total: Integers
    paid: Integers
    ship_by: Integers
    shipped: Integers
    promised: Integers
    delivered: Integers
    completed: Integers
    cancelled: Integers
    cancelled_by: Integers
    refunded: Integers
    refunded_amount: Integers
    requested: Integers
    taken_back: Integers
    opened: Integers
    resolved: Integers
    against: Integers
    prepared: Integers
    flooded: Booleans
    status: Integers
    updated: Integers

    TIMES = (
        "paid", "ship_by", "shipped", "promised", "delivered", "completed", "cancelled", "refunded",
        "requested", "taken_back", "opened", "resolved",
    )  # fmt: skip


@dataclass(frozen=True)
class Block:
    """What every step needs: the trades, the two sides' qualities, chance, and the history's end."""

    trades: Trades
    shop_quality: Reals
    buyer_quality: Reals
    allowance: Integers
    chance: np.random.Generator
    end: int

    def happens(self, probability: Reals | float) -> Booleans:
        """Drawn by order; fraudulent orders go smoothly."""
        return (self.chance.random(len(self.trades.created)) < probability) & ~self.trades.fraud

    def wait(self, hours: Reals | float, spread: float) -> Integers:
        """Log-normal, `hours` its median."""
        drawn = hours * np.exp(spread * self.chance.standard_normal(len(self.trades.created)))
        return np.asarray(drawn * HOUR).astype(np.int64)

    def patience(self, hours: float) -> Integers:
        """Exponential, `hours` its mean."""
        return (self.chance.exponential(hours, len(self.trades.created)) * HOUR).astype(np.int64)


def live(population: Population, trades: Trades, total: Integers) -> Lives:
    """The orders' lives as known at the end of the history; `total` in hundredths."""
    block = Block(
        trades=trades,
        shop_quality=population.shops.quality[trades.shop],
        buyer_quality=population.people.quality[trades.buyer],
        allowance=population.shops.allowance[trades.shop],
        chance=population.scale.generator(5, trades.first),
        end=population.scale.end,
    )
    lives = _delivery(block, total)
    _cancellations(block, lives)
    _returns(block, lives)
    _disputes(block, lives)
    _known_at_end(block, lives)
    _make_dirty(block, lives)
    return lives


def _delivery(block: Block, total: Integers) -> Lives:
    trades, count = block.trades, len(total)
    never = np.full(count, NEVER)
    nothing = np.zeros(count, dtype=np.int64)
    paid = trades.created + block.wait(0.13, 1.2)
    preparing = block.wait(np.where(trades.fraud, 3.0, 21 * np.exp(-0.35 * block.shop_quality)), 0.55)
    shipped = _not_on_sunday(paid + preparing)
    flood = [block.end - days * DAY for days in FLOOD_DAYS_AGO]
    flooded = (shipped > flood[0]) & (shipped < flood[1]) & block.happens(FLOODED)
    delivered = shipped + block.wait(46.0, 0.4) + np.where(flooded, 6 * DAY, 0)
    due = (paid + BANGKOK) // DAY + block.chance.integers(4, 8, count)
    promised = np.where(block.chance.random(count) < 0.04, NEVER, due * DAY - BANGKOK)
    completed = delivered + np.minimum(block.patience(40), 7 * DAY)
    return Lives(
        total=total, paid=paid, shipped=shipped, promised=promised, delivered=delivered,
        completed=completed, refunded_amount=nothing.copy(),
        ship_by=np.where(block.allowance > 0, paid + block.allowance * HOUR, NEVER),
        cancelled=never.copy(), cancelled_by=nothing.copy(), refunded=never.copy(),
        requested=never.copy(), taken_back=never.copy(), opened=never.copy(), resolved=never.copy(),
        against=nothing.copy(), prepared=paid + preparing // 3, flooded=flooded, status=nothing.copy(),
        updated=nothing.copy(),
    )  # fmt: skip


def _not_on_sunday(moment: Integers) -> Integers:
    sunday = ((moment + BANGKOK) // DAY + THURSDAY) % 7 == 6
    return np.where(sunday, moment + DAY, moment)


def _cancellations(block: Block, lives: Lives) -> None:
    created = block.trades.created
    unpaid = block.happens(0.02 * np.exp(-0.3 * block.buyer_quality))
    lives.paid[unpaid] = NEVER
    _cancel(lives, unpaid, created + DAY, SYSTEM)

    regret = created + block.patience(6)
    regrets = block.happens(0.022 * np.exp(-0.7 * block.buyer_quality)) & (regret < lives.shipped) & ~unpaid
    lives.paid[regrets & (regret < lives.paid)] = NEVER
    _cancel(lives, regrets, regret, BUYER)

    open_still = ~unpaid & ~regrets
    out_of_stock = block.happens(0.018 * np.exp(-0.9 * block.shop_quality)) & open_still
    _cancel(lives, out_of_stock, lives.paid + 2 * HOUR + block.patience(18), SELLER)

    forgotten = block.happens(0.004 * np.exp(-0.9 * block.shop_quality)) & open_still & ~out_of_stock
    for column in (lives.shipped, lives.delivered, lives.completed):
        column[forgotten] = NEVER
    _cancel(lives, forgotten & block.happens(0.8), lives.paid + 10 * DAY, SYSTEM)

    lost = block.happens(0.002) & (lives.shipped < NEVER)
    lives.delivered[lost] = lives.completed[lost] = NEVER
    lives.refunded[lost] = lives.shipped[lost] + 15 * DAY
    lives.refunded_amount[lost] = lives.total[lost]


def _cancel(lives: Lives, which: Booleans, when: Integers, by: int) -> None:
    lives.cancelled[which], lives.cancelled_by[which] = when[which], by
    for column in (lives.shipped, lives.delivered, lives.completed):
        column[which] = NEVER
    for column in (lives.ship_by, lives.promised, lives.prepared):
        column[which & (lives.paid == NEVER)] = NEVER


def _returns(block: Block, lives: Lives) -> None:
    asked = block.happens(0.03 * np.exp(-0.55 * block.shop_quality - 0.25 * block.buyer_quality))
    asked &= lives.delivered < NEVER
    lives.requested[asked] = (lives.delivered + 4 * HOUR + block.patience(40))[asked]
    granted = asked & block.happens(0.8)
    back = lives.requested + 3 * DAY + block.patience(60)
    lives.taken_back[granted] = lives.refunded[granted] = back[granted]
    lives.refunded_amount[granted] = lives.total[granted]
    in_between = asked & (lives.requested < lives.completed)
    lives.completed[in_between] = np.where(granted, NEVER, lives.requested + 5 * DAY)[in_between]


def _disputes(block: Block, lives: Lives) -> None:
    settled = (lives.cancelled < NEVER) | (lives.taken_back < NEVER) | (lives.refunded < NEVER)
    late = (lives.delivered > lives.promised + DAY) & (lives.delivered < NEVER)
    nothing_came = (lives.delivered == NEVER) & ~settled
    likely = 0.013 * np.exp(-0.75 * block.shop_quality - 0.4 * block.buyer_quality) * (1 + 4 * late)
    opens = block.happens(np.where(nothing_came, 0.6, likely)) & ~settled
    since = np.where(lives.delivered < NEVER, lives.delivered, block.trades.created + 9 * DAY)
    lives.opened[opens] = (since + block.patience(30))[opens]
    decided = opens & block.happens(0.88)
    lives.resolved[decided] = (lives.opened + 2 * DAY + block.patience(96))[decided]
    odds = 0.4 - 0.9 * block.shop_quality + 0.7 * block.buyer_quality + 0.8 * late
    against_seller = block.chance.random(len(odds)) < 1 / (1 + np.exp(-odds))
    lives.against[decided] = np.where(against_seller, SELLER, BUYER)[decided]

    pays = decided & against_seller
    in_full = pays & (block.chance.random(len(odds)) < 0.5)
    part = (lives.total * block.chance.uniform(0.1, 0.5, len(odds))).astype(np.int64) // 100 * 100
    goodwill = block.happens(0.01) & (lives.completed < NEVER) & ~settled & ~opens
    lives.refunded = np.where(pays, lives.resolved, lives.refunded)
    lives.refunded = np.where(goodwill, lives.completed + DAY, lives.refunded)
    lives.refunded_amount = np.where(pays | goodwill, part, lives.refunded_amount)
    lives.refunded_amount = np.where(in_full, lives.total, lives.refunded_amount)


def _known_at_end(block: Block, lives: Lives) -> None:
    """Cut at the end; deadlines may lie ahead, but only of orders that are paid."""
    unpaid = lives.paid > block.end
    for name in Lives.TIMES:
        times = getattr(lives, name)
        unknown = (unpaid | (times == NEVER)) if name in ("ship_by", "promised") else times > block.end
        times[unknown] = NULL
    lives.cancelled_by[lives.cancelled == NULL] = NOBODY
    lives.against[lives.resolved == NULL] = NOBODY
    lives.refunded_amount[lives.refunded == NULL] = 0
    in_full = (lives.refunded != NULL) & (lives.refunded_amount >= lives.total)
    reached = (
        (lives.paid != NULL, 1), ((lives.paid != NULL) & (lives.prepared <= block.end), 2),
        (lives.shipped != NULL, 3), (lives.delivered != NULL, 4), (lives.completed != NULL, 5),
        (lives.cancelled != NULL, 6), (in_full, 8), (lives.taken_back != NULL, 7),
    )  # fmt: skip
    for condition, status in reached:
        lives.status[condition] = status
    past = [getattr(lives, name) for name in Lives.TIMES if name not in ("ship_by", "promised")]
    lives.updated = np.maximum.reduce([block.trades.created, *past])


def _make_dirty(block: Block, lives: Lives) -> None:
    """A few rows as real databases have them: a status without its time, nobody who cancelled."""
    count = len(lives.status)
    u = block.chance.random(count)
    lives.completed[(lives.status == 5) & (u < 0.0006)] = NULL
    lives.shipped[(lives.status == 5) & (u > 0.9995)] = NULL
    lives.cancelled[(lives.status == 6) & (u < 0.006)] = NULL
    lives.cancelled_by[(lives.status == 6) & (u > 0.985)] = NOBODY

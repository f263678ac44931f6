"""Marketplaces that stand exactly on a threshold, and one step to either side of it.

Random ones seldom hold as many orders, reviews or threads as these rules begin at.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from random import Random

from reference.events import plain_order
from reference.marketplaces import AS_OF, DAY, HOUR, TABLES, Maker
from reference.orders import World
from reference.policy import Row

#: Completed orders around what gold, platinum and diamond ask for, and how many of them were bought.
LEVELS = ((9, 5), (10, 5), (29, 21), (30, 21), (99, 51), (100, 51))
#: Resolved orders around what makes the short window of the rates hold enough.
RESOLVED = (39, 40, 41)
#: Stars of the last 30 days, and of the 60 before: exactly the threshold apart, more, and on too few
#: reviews.
TRENDS = (
    ((4, 4, 4, 4, 5), (4, 4, 4, 4, 4)),
    ((4, 4, 4, 4, 4), (4, 4, 4, 4, 5)),
    ((4, 4, 4, 5, 5), (4, 4, 4, 4, 4)),
    ((4, 4, 4, 4, 4), (4, 4, 4, 5, 5)),
    ((4, 4, 5, 5), (4, 4, 4, 4, 4)),
    ((4, 4, 4, 4, 4), (5, 5, 5, 5)),
)
#: Reviews of 5 and of 4 stars of a shop with orders enough for established: 4.295 is shown as 4.3 and is
#: not.
MEANS = ((13, 31), (3, 7), (14, 31))
#: Minutes to the answers: the median of an even number is between two of them.
ANSWERS = ((10, 50), (5, 10, 20, 400), (7, 9, 30))


class Brink:
    """One marketplace with a member who has a shop, and somebody to deal with."""

    def __init__(self, name: str) -> None:
        self.world: World = {table: [] for table in TABLES}
        self.maker = Maker(Random(f"brink {name}"), self.world)  # noqa: S311
        self.member, self.other = self.maker.user(), self.maker.user()
        self.shop = self.maker.shop(self.member)
        self.shop["tier_info"] = None

    def trade(self, buyer: Row, shop: Row, days_ago: float, **known: object) -> None:
        ended = AS_OF - timedelta(days=days_ago)
        made = {"created_at": ended - DAY, "completed_at": ended, "status": "completed"}
        plain_order(self.maker, buyer, shop, **{**made, **known})

    def review(self, stars: int, days_ago: int = 10) -> None:
        placed = AS_OF - timedelta(days=days_ago + 1)
        order = plain_order(self.maker, self.other, self.shop, created_at=placed)
        self.maker.put(
            "reviews",
            id=self.maker.key(),
            order_id=order["id"],
            seller_id=self.shop["id"],
            reviewer_id=self.other["id"],
            rating=stars,
            created_at=AS_OF - days_ago * DAY,
            detailed_ratings=None,
            engagement=None,
            moderation=None,
        )

    def answer(self, minutes: int) -> None:
        thread, at = self.maker.key(), AS_OF - 9 * DAY
        for sender, recipient, moment in (
            (self.other, self.member, at),
            (self.member, self.other, at + timedelta(minutes=minutes)),
        ):
            self.maker.put(
                "messages",
                id=self.maker.key(),
                thread_id=thread,
                sender_id=sender["id"],
                recipient_id=recipient["id"],
                sent_at=moment,
            )


def level(completed: int, bought: int) -> World:
    """A member whose score is enough: the completed orders decide."""
    brink = Brink(f"level {completed}")
    brink.member.update(
        created_at=AS_OF - 900 * DAY,
        email_verified=True,
        phone_verified=True,
        kyc_status="verified",
        security_settings={"two_factor_enabled": True},
    )
    for number in range(completed):
        if number < bought:
            brink.trade(brink.member, brink.maker.shop(brink.maker.user()), 20)
        else:
            brink.trade(brink.maker.user(), brink.shop, 20)
    for _ in range(40):
        brink.review(5)
        brink.answer(30)
    return brink.world


def partners(number: int, completed: int = 12) -> World:
    """A member with the points and orders of gold, who dealt with so many."""
    brink = Brink(f"partners {number}")
    brink.member.update(
        created_at=AS_OF - 900 * DAY,
        email_verified=True,
        phone_verified=True,
        kyc_status="verified",
        security_settings={"two_factor_enabled": True},
    )
    shops = [brink.maker.shop(brink.maker.user()) for _ in range(number)]
    for order in range(completed):
        brink.trade(brink.member, shops[order % number], 20)
    brink.trade(brink.member, brink.maker.shop(brink.maker.user()), 20, total_amount=Decimal("19.99"))
    return brink.world


#: What an order was placed for and what was refunded of it: 20 baht are left, or one satang less.
AMOUNTS = (("20", None), ("19.99", None), ("500", "480"), ("500", "480.01"), ("500", "500"), (None, None))


def amount(total: str | None, refunded: str | None, stars: int) -> World:
    """An order on the brink of what counts for trust: completed, rated, lost, and one like it cancelled."""
    brink = Brink(f"amount {total} {refunded} {stars}")
    known = {"total_amount": Decimal(total) if total else None}
    if refunded:
        known |= {"refunded_at": AS_OF - 5 * DAY, "refunded_amount": Decimal(refunded)}
    for _ in range(3):
        brink.trade(brink.other, brink.shop, 20, **known)
        order = brink.world["orders"][-1]
        brink.maker.review(order)
        mended = {
            "rating": stars,
            "order_id": order["id"],
            "moderation": None,
            "created_at": AS_OF - 9 * DAY,
        }
        brink.world["reviews"][-1] |= {**mended, "engagement": {"helpful_count": 1}}
    lost = {"opened_at": AS_OF - 8 * DAY, "resolved_at": AS_OF - 7 * DAY, "decided_against": "seller"}
    brink.maker.put("disputes", id=brink.maker.key(), order_id=order["id"], **lost)
    gone = {"completed_at": None, "status": "cancelled", "cancelled_at": AS_OF - 3 * DAY}
    brink.trade(brink.other, brink.shop, 4, **known, **gone, cancelled_by="buyer")
    return brink.world


def buyers(number: int) -> World:
    """A shop with the orders and the mean of established, and so many buyers."""
    brink = Brink(f"buyers {number}")
    people = [brink.maker.user() for _ in range(number)]
    for order in range(50):
        brink.trade(people[order % number], brink.shop, 40)
    for _ in range(10):
        brink.review(5)
    return brink.world


def resolved(number: int) -> World:
    """Cancelled long ago, completed lately: the two windows see different things."""
    brink = Brink(f"resolved {number}")
    for _ in range(number):
        brink.trade(brink.other, brink.shop, 30)
    for _ in range(3):
        at = AS_OF - 200 * DAY
        gone = {"completed_at": None, "status": "cancelled", "cancelled_at": at, "created_at": at - HOUR}
        brink.trade(brink.other, brink.shop, 200, **gone, cancelled_by="seller")
    return brink.world


def trend(recent: tuple[int, ...], earlier: tuple[int, ...]) -> World:
    brink = Brink(f"trend {recent} {earlier}")
    for stars in recent:
        brink.review(stars, days_ago=10)
    for stars in earlier:
        brink.review(stars, days_ago=60)
    return brink.world


def mean(fives: int, fours: int) -> World:
    brink = Brink(f"mean {fives}")
    buyers = [brink.maker.user() for _ in range(25)]
    for number in range(50):
        brink.trade(buyers[number % 25], brink.shop, 40)
    for stars in (5,) * fives + (4,) * fours:
        brink.review(stars)
    return brink.world


def answers(*minutes: int) -> World:
    brink = Brink(f"answers {minutes}")
    for number in minutes:
        brink.answer(number)
    return brink.world


KINDS: tuple[tuple[Callable[..., World], tuple[tuple[object, ...], ...]], ...] = (
    (level, LEVELS),
    (partners, ((4,), (5,))),
    (buyers, ((24,), (25,))),
    (amount, tuple((*of, stars) for of in AMOUNTS for stars in (2, 5))),
    (resolved, tuple((number,) for number in RESOLVED)),
    (trend, TRENDS),
    (mean, MEANS),
    (answers, ANSWERS),
)


def brinks() -> list[World]:
    return [make(*given) for make, cases in KINDS for given in cases]

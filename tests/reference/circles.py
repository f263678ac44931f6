"""Members with as many trading partners as make a bin's edge, and with dealings that make no partner.

Random marketplaces are too small for that: below the first bin nothing shows who was counted.
"""

from collections.abc import Callable
from random import Random

from reference.events import plain_order
from reference.marketplaces import AS_OF, DAY, TABLES, Maker
from reference.orders import World
from reference.policy import Row

#: Around the bins of `counterparties`.
SIZES = (4, 5, 6, 19, 20, 21)


class Circle:
    """One marketplace around one member, who buys and has a shop."""

    def __init__(self, number: int) -> None:
        self.world: World = {table: [] for table in TABLES}
        self.maker = Maker(Random(f"circle {number}"), self.world)  # noqa: S311
        self.member = self.maker.user()
        self.shop = self.maker.shop(self.member)

    def buy(self, shop: Row, **known: object) -> Row:
        made = AS_OF - 20 * DAY
        ended = {"created_at": made, "completed_at": made + DAY, "status": "completed"}
        return plain_order(self.maker, self.member, shop, **{**ended, **known})

    def sell(self, buyer: Row) -> None:
        made = AS_OF - 500 * DAY  # who one ever dealt with, not only lately
        plain_order(
            self.maker, buyer, self.shop, created_at=made, completed_at=made + DAY, status="completed"
        )

    # Each of these is one partner.

    def one_with_two_shops(self) -> None:
        person = self.maker.user()
        for _ in range(2):
            self.buy(self.maker.shop(person))

    def one_on_both_sides(self) -> None:
        person = self.maker.user()
        self.buy(self.maker.shop(person))
        self.sell(person)

    def a_shop_of_nobody(self) -> None:
        self.buy(self.maker.shop(None))

    def one_who_bought_twice(self) -> None:
        person = self.maker.user()
        self.sell(person)
        self.sell(person)

    def one_whose_order_is_excluded(self) -> None:
        order = self.buy(self.maker.shop(self.maker.user()))
        self.maker.put("order_exclusions", order_id=order["id"], reason="flood", decided_at=AS_OF - DAY)

    # And these are none.

    def dealings_that_make_no_partner(self) -> None:
        ended = AS_OF - 19 * DAY
        for known in (
            {"completed_at": None, "status": "paid"},
            {"completed_at": None, "status": "cancelled", "cancelled_at": ended, "cancelled_by": "seller"},
            {"completed_at": AS_OF + DAY, "status": "shipped"},
        ):
            self.buy(self.maker.shop(self.maker.user()), **known)
        returned = self.buy(self.maker.shop(self.maker.user()))
        self.maker.put(
            "returns",
            id=self.maker.key(),
            order_id=returned["id"],
            requested_at=ended,
            completed_at=ended,
        )
        self.buy(self.shop)


PARTNERS: tuple[Callable[[Circle], None], ...] = (
    Circle.one_with_two_shops,
    Circle.one_on_both_sides,
    Circle.a_shop_of_nobody,
    Circle.one_who_bought_twice,
    Circle.one_whose_order_is_excluded,
)


def circles() -> list[World]:
    """For each size one marketplace a kind of partner, in which that kind comes last."""
    worlds = []
    for size in SIZES:
        for first in range(len(PARTNERS)):
            circle = Circle(size * len(PARTNERS) + first)
            for number in range(size):
                PARTNERS[(first + number) % len(PARTNERS)](circle)
            circle.dealings_that_make_no_partner()
            worlds.append(circle.world)
    return worlds

"""The forecast of a shop's problems never answers something good with more points.

The plain-Python reference is asked, which agrees with the models on random marketplaces.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product

from reference.forecast import forecast
from reference.marketplaces import AS_OF, TABLES, WALL_CLOCK
from reference.orders import Known, Order
from reference.policy import Policy

KNOWN = Known({table: [] for table in TABLES}, Policy({}), AS_OF, WALL_CLOCK)
#: How often each kind of order is in a history: enough to reach the bins at either end.
NUMBERS = (0, 1, 5, 30)


def order(days_ago: int, stars: int | None, hours: int | None, canceller: str | None = None) -> Order:
    """An order placed so long ago, shipped after so many hours, with its buyer's stars."""
    placed = AS_OF - timedelta(days=days_ago)
    row = {
        "created_at": placed,
        "paid_at": None,
        "shipped_at": None if hours is None else placed + timedelta(hours=hours),
        "cancelled_by": canceller,
    }
    outcome = "cancelled" if canceller else "completed"
    return Order(row, None, outcome, placed + timedelta(hours=400), rating=stars)


#: Of late and long ago, fast and slow, rated badly, fairly or never.
KINDS = (
    order(30, 1, 90),
    order(80, 3, 20),
    order(70, None, 300),
    order(200, 2, 47),
    order(300, 4, 200),
    order(20, None, None, "seller"),
)
FINE = (order(200, None, None), order(60, 5, 3), order(60, 4, 24), order(300, 5, 10))


def points(orders: list[Order]) -> int:
    found: int = forecast(KNOWN, orders)[1]["points"]
    return found


def improved(one: Order) -> Iterator[tuple[str, Order]]:
    """The same order, with one thing about it better."""
    if one.rating is not None:
        yield "a better star", replace(one, rating=one.rating + 1)
    elif one.outcome == "cancelled":
        yield "called off by the buyer", replace(one, row={**one.row, "cancelled_by": "buyer"})
    if shipped := one.row["shipped_at"]:
        for faster in (timedelta(hours=6), (shipped - one.row["created_at"]) * 0.9):
            yield "a faster parcel", replace(one, row={**one.row, "shipped_at": shipped - faster})


def better(orders: list[Order]) -> Iterator[tuple[str, list[Order]]]:
    """Histories that differ from this one in one good thing."""
    for good in FINE:
        yield "a fine or silent order more", [*orders, good]
    for one in {id(one): one for one in orders}.values():
        at = next(place for place, other in enumerate(orders) if other is one)
        for change, other in improved(one):
            yield change, [*orders[:at], other, *orders[at + 1 :]]


def test_nothing_good_ever_raises_the_points() -> None:
    found, fell = [], set()
    for numbers in product(NUMBERS[:3], NUMBERS[:2], NUMBERS[2:], *(NUMBERS[:2],) * 3):
        orders = [kind for kind, number in zip(KINDS, numbers, strict=True) for _ in range(number)]
        before = points(orders)
        for change, history in better(orders):
            after = points(history)
            if after < before:
                fell.add(change)
            if after > before:
                found.append(f"{change}: {before} points became {after} in {numbers}")
    assert not found, f"{len(found)}\n" + "\n".join(found[:5])
    # A card that never moves would pass, too.
    assert fell == {
        "a better star",
        "a faster parcel",
        "a fine or silent order more",
        "called off by the buyer",
    }

"""Shops at an origin, in plain Python: what was known of them then, and what followed."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from statistics import mean

from reference.orders import TIMES, Known, Order, World
from reference.policy import Policy, Row

DAY = timedelta(days=1)
#: What is counted of what followed an origin.
FOLLOWING = ("placed", "excluded", "labelled", "bad", "called_off")


def dated(world: World) -> World:
    """Without the reviews of which nobody knows when they came."""
    return {**world, "reviews": [row for row in world["reviews"] if row["created_at"]]}


def comparable(world: World, seller_id: str) -> bool:
    """Whether no order of the shop has a review that is undated, or older than the order itself.

    An undated one may be the first, and of an older one nobody knows of which shop it is.
    """
    placed = {row["id"]: row["created_at"] for row in world["orders"] if row["seller_id"] == seller_id}
    return not any(
        row["order_id"] in placed and (not row["created_at"] or row["created_at"] < placed[row["order_id"]])
        for row in world["reviews"]
    )


def shops_at(world: World, moment: datetime) -> Iterator[tuple[str, dict[str, Fraction]]]:
    """Each shop that was known at the moment, with the measures of origins.sql.j2."""
    world = dated(world)
    now, later = _known(world, moment), _known(world, moment + 120 * DAY)
    recent_from = now.begins(90)
    for seller_id, seller in now.sellers.items():
        mine = [one for one in now.orders if one.row["seller_id"] == seller_id]
        before = [one for one in mine if one.row["created_at"] < moment]
        reviews = [row for row in now.reviews if row["seller_id"] == seller_id]
        after = [
            one
            for one in later.orders
            if one.row["seller_id"] == seller_id and moment <= one.row["created_at"] < moment + 90 * DAY
        ]
        if not (before or reviews) and (seller["created_at"] is None or not after):
            continue
        yield (
            seller_id,
            {
                **_of_orders(before, moment, recent_from),
                **_of_reviews(reviews),
                **_of_labels(after, later, moment + 120 * DAY),
            },
        )


def _known(world: World, moment: datetime) -> Known:
    return Known(world, Policy({}), moment, moment)


def _of_orders(orders: list[Order], moment: datetime, recent_from: datetime) -> dict[str, Fraction]:
    counted = [one for one in orders if not one.excluded]
    sold = [one for one in orders if one.outcome == "completed"]
    paid = [one for one in counted if one.paid]
    problems = [one for one in paid if (one.rating or 5) <= 2 or _is_problem(one)]
    known = [one for one in paid if one.rating or one in problems or _is_silent(one, moment)]
    hours = [_hours(one.row, moment) for one in counted if _at(one.row["shipped_at"], moment)]
    recent = [
        _hours(one.row, moment)
        for one in counted
        if _at(one.row["shipped_at"], moment) and one.row["shipped_at"] >= recent_from
    ]
    return {
        "orders": Fraction(len(counted)),
        "completed_orders": Fraction(len(sold)),
        "buyers": Fraction(len({one.row["buyer_id"] for one in sold})),
        "problems": Fraction(len(problems)),
        "known_orders": Fraction(len(known)),
        "rated_orders": Fraction(sum(one.rating is not None for one in paid)),
        "discontented_orders": Fraction(sum((one.rating or 5) <= 3 for one in paid)),
        "shipped_orders": Fraction(len(hours)),
        "hours": sum(hours, Fraction(0)),
        "recent_shipped_orders": Fraction(len(recent)),
        "recent_hours": sum(recent, Fraction(0)),
    }


def _of_reviews(reviews: list[Row]) -> dict[str, Fraction]:
    stars = [int(row["rating"]) for row in reviews]
    return {
        "reviews": Fraction(len(stars)),
        "rating_sum": Fraction(sum(stars)),
        "counted_reviews": Fraction(sum(row["counted"] for row in reviews)),
        "counted_sum": Fraction(sum(row["rating"] for row in reviews if row["counted"])),
    }


def _of_labels(orders: list[Order], known: Known, moment: datetime) -> dict[str, Fraction]:
    def stars(order: Order) -> list[int]:
        mine = [row for row in known.reviews if row["order_id"] == order.row["id"]]
        return [row["rating"] for row in mine if row["counted"] and order.paid]

    counted = [(one, stars(one)) for one in orders if not one.excluded]
    bad = [one for one, given in counted if (given and mean(given) <= 2) or (one.paid and _is_problem(one))]
    labelled = [one for one, given in counted if given or one in bad or _is_silent(one, moment)]
    called_off = [
        one for one, given in counted if one.outcome == "cancelled" and one not in bad and not given
    ]
    return {
        "placed": Fraction(len(orders)),
        "excluded": Fraction(sum(one.excluded for one in orders)),
        "labelled": Fraction(len(labelled)),
        "bad": Fraction(len(bad)),
        "called_off": Fraction(len(called_off)),
    }


def _at(event: datetime | None, moment: datetime) -> bool:
    return event is not None and event <= moment


def _is_problem(order: Order) -> bool:
    called_off_by_others = order.outcome == "cancelled" and not order.cancelled_by("buyer")
    return called_off_by_others or order.lost_by("seller") is not None


def _is_silent(order: Order, moment: datetime) -> bool:
    """Completed before the last thirty business days, and neither called off nor sent back since."""
    row = order.row
    completed = row["completed_at"]
    if completed is None and Policy({}).statuses[row["status"].lower()]["meaning"] == "completed":
        completed = max((row[name] for name in TIMES if row[name]), default=None)
        completed = completed or row["updated_at"] or row["created_at"]
    begins = Policy({}).first_moment(moment, 30)
    return order.outcome == "completed" and completed is not None and completed < begins


def _hours(row: Row, moment: datetime) -> Fraction:
    start = row["paid_at"] if _at(row["paid_at"], moment) else row["created_at"]
    return max(
        Fraction((row["shipped_at"] - start) / timedelta(microseconds=1)) / 3_600_000_000, Fraction(24)
    )

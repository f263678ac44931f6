"""Something good or bad that happens to a member of a marketplace."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from reference.marketplaces import AS_OF, HOUR, Maker
from reference.orders import World
from reference.policy import Row

#: Says whom the event concerns: user, and shop if it is about one.
Event = Callable[[Maker], tuple[str, str | None]]


def twin(world: World) -> World:
    """The same marketplace with other keys in the same order."""

    def other(value: Any) -> Any:
        if isinstance(value, str) and len(value) == 36:
            return str(UUID(int=UUID(value).int | 1 << 127))
        return value

    return {table: [{k: other(v) for k, v in row.items()} for row in rows] for table, rows in world.items()}


def shuffled(world: World, roll: Random) -> World:
    return {table: roll.sample(rows, len(rows)) for table, rows in world.items()}


def _shop(maker: Maker) -> Row:
    owned = [shop for shop in maker.world["seller_profiles"] if shop["user_id"]]
    if not owned:
        owned = [maker.world["seller_profiles"][0]]
        owned[0]["user_id"] = maker.world["users"][0]["id"]
    return maker.roll.choice(owned)


def _buyer(maker: Maker, shop: Row) -> Row:
    others = [user for user in maker.world["users"] if user["id"] != shop["user_id"]]
    return maker.roll.choice(others)


def _recently(maker: Maker) -> Any:
    return AS_OF - timedelta(seconds=maker.roll.randrange(0, 500 * 86400))


def plain_order(maker: Maker, buyer: Row, shop: Row, **known: Any) -> Row:
    """An order and nothing around it; without `known` it is open and has no times but its own."""
    before = {table: list(rows) for table, rows in maker.world.items()}
    order = maker.order(buyer, shop)
    for table, rows in before.items():
        maker.world[table][:] = [*rows, order] if table == "orders" else rows
    blank = dict.fromkeys(key for key in order if key.endswith(("_at", "_by", "_amount")))
    order.update(blank | {"status": "pending", "total_amount": Decimal(700)} | known)
    return order


def _order(maker: Maker, **known: Any) -> Row:
    shop = _shop(maker)
    return plain_order(maker, _buyer(maker, shop), shop, **known)


def completed_order(maker: Maker) -> tuple[str, str | None]:
    at = _recently(maker)
    order = _order(maker, created_at=at - HOUR, completed_at=at)
    return order["buyer_id"], order["seller_id"]


def own_cancellation(maker: Maker) -> tuple[str, str | None]:
    at = _recently(maker)
    order = _order(maker, created_at=at - HOUR, cancelled_at=at, cancelled_by="buyer")
    return order["buyer_id"], None


def lost_dispute(maker: Maker) -> tuple[str, str | None]:
    shop = _shop(maker)
    mine = [o for o in maker.world["orders"] if o["seller_id"] == shop["id"]]
    if mine:
        at = _recently(maker)
        order = maker.roll.choice(mine)
        maker.put(
            "disputes",
            id=maker.key(),
            order_id=order["id"],
            opened_at=at,
            resolved_at=at,
            decided_against="seller",
        )
    return shop["user_id"], None


def review(stars: int) -> Event:
    def happen(maker: Maker) -> tuple[str, str | None]:
        shop = _shop(maker)
        buyer, at = _buyer(maker, shop), _recently(maker)
        order = plain_order(maker, buyer, shop, created_at=at - HOUR, paid_at=at - HOUR)
        maker.put(
            "reviews",
            id=maker.key(),
            order_id=order["id"],
            seller_id=shop["id"],
            reviewer_id=buyer["id"],
            rating=stars,
            created_at=at,
            detailed_ratings=None,
            engagement=None,
            moderation=None,
        )
        return shop["user_id"], shop["id"]

    return happen


def fast_answer(maker: Maker) -> tuple[str, str | None]:
    asked, asking = maker.roll.sample(maker.world["users"], 2)
    # One answer seldom fills a bin; some of these are within the window.
    for _ in range(12):
        thread, at = maker.key(), _recently(maker) - HOUR
        for sender, recipient, moment in ((asking, asked, at), (asked, asking, at + HOUR)):
            maker.put(
                "messages",
                id=maker.key(),
                thread_id=thread,
                sender_id=sender["id"],
                recipient_id=recipient["id"],
                sent_at=moment,
            )
    return asked["id"], None


def verification(maker: Maker) -> tuple[str, str | None]:
    user = maker.roll.choice(maker.world["users"])
    banned = (user["security_settings"] or {}).get("is_banned", False)
    user.update(
        maker.roll.choice(
            (
                {"email_verified": True},
                {"phone_verified": True},
                {"kyc_status": "verified"},
                {"security_settings": {"two_factor_enabled": True, "is_banned": banned}},
            )
        )
    )
    return user["id"], None


def upheld(table: str) -> Event:
    def happen(maker: Maker) -> tuple[str, str | None]:
        user, at = maker.roll.choice(maker.world["users"]), _recently(maker)
        maker.put(table, user_id=user["id"], created_at=at, decided_at=at, outcome="upheld")
        return user["id"], None

    return happen


GOOD: dict[str, Event] = {
    "completed order": completed_order,
    "5-star review received": review(5),
    "fast answer": fast_answer,
    "verification": verification,
}
BAD: dict[str, Event] = {
    "own cancellation": own_cancellation,
    "dispute decided against": lost_dispute,
    "upheld report": upheld("user_reports"),
    "warning": upheld("user_warnings"),
    "1-star review": review(1),
}


def repeat(maker: Maker) -> tuple[str, str | None]:
    """Rows that say again what is known: the same dispute, return and exclusion."""
    for table in ("disputes", "returns"):
        maker.world[table] += [{**row, "id": maker.key()} for row in maker.world[table]]
    maker.world["order_exclusions"] += [dict(row) for row in maker.world["order_exclusions"]]
    return maker.world["users"][0]["id"], None

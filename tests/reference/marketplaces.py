"""Small random marketplaces around one moment, full of the moments and numbers where a rule tips over."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import strategies as st

from reference.orders import TIMES, World
from reference.policy import Row

#: Midnight and the end of a month in Asia/Bangkok; the day before was a Sunday and a holiday.
AS_OF = datetime(2026, 5, 31, 17, tzinfo=UTC)
WALL_CLOCK = AS_OF + timedelta(days=30)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
EDGES = (0, 1, 7, 29, 30, 59, 60, 89, 90, 179, 180, 364, 365)
STATUSES = ("pending", "paid", "shipped", "delivered", "Completed", "completed", "completed", "cancelled")
STATUSES += ("canceled", "returned", "refunded", "lost in space")
TABLES = (
    "users",
    "seller_profiles",
    "orders",
    "reviews",
    "products",
    "messages",
    "disputes",
    "returns",
    "user_sessions",
    "user_reports",
    "user_warnings",
    "payouts",
    "order_exclusions",
    "referred_users",
)


@dataclass
class Maker:
    """Rolls one marketplace into `world`."""

    roll: Random
    world: World

    def key(self) -> str:
        # The first bit stays free: with it set, the same rows again have the same order.
        return str(uuid.UUID(int=self.roll.getrandbits(127), version=4))

    def maybe(self, value: Any, chance: float = 0.5) -> Any:
        return value if self.roll.random() < chance else None

    def moment(self, future: float = 0.06) -> datetime:
        """A moment of the past, often on an edge of a window; sometimes one to come."""
        roll = self.roll
        if roll.random() < future:
            return AS_OF + roll.choice((SECOND, HOUR, 3 * DAY))
        if roll.random() < 0.4:
            midnight = AS_OF - roll.choice(EDGES) * DAY
            return midnight + roll.choice((-SECOND, 0 * SECOND, SECOND, -HOUR))
        return AS_OF - timedelta(seconds=roll.randrange(1, 420 * 86400))

    def after(self, moment: datetime) -> datetime:
        roll = self.roll
        steps = (0 * HOUR, SECOND, 24 * HOUR, 24 * HOUR + SECOND, 48 * HOUR, 3 * DAY)
        return moment + (roll.choice(steps) if roll.random() < 0.5 else roll.randrange(1, 200) * HOUR)

    def put(self, table: str, **row: Any) -> Row:
        self.world[table].append(row)
        return row

    def make(self) -> None:
        people = [self.user() for _ in range(self.roll.randrange(2, 5))]
        shops = [self.shop(self.maybe(person, 0.8)) for person in people[: self.roll.randrange(1, 3)]]
        for _ in range(self.roll.randrange(0, 9)):
            self.order(self.roll.choice(people), self.roll.choice(shops))
        if self.roll.random() < 0.35:
            self.bulk(people, shops[0])
        self.talk(people)
        for person in people:
            self.conduct(person)
        for shop in shops:
            self.ground(shop)
        for table in ("user_reports", "user_warnings"):
            for _ in range(self.roll.randrange(0, 3)):
                self.verdict(table, self.roll.choice(people))

    def user(self) -> Row:
        roll = self.roll
        ages = (0 * DAY, 30 * DAY, 180 * DAY, 364 * DAY, 364 * DAY + SECOND, 900 * DAY)
        key = self.key()
        return self.put(
            "users",
            id=key,
            gamification=self.worn(Random(key)),  # noqa: S311
            created_at=AS_OF - roll.choice(ages),
            last_login_at=self.maybe(self.moment()),
            email_verified=roll.random() < 0.5,
            phone_verified=roll.random() < 0.5,
            kyc_status=roll.choice(("not_verified", "pending", "verified", "APPROVED", None)),
            security_settings=roll.choice(
                (
                    {"two_factor_enabled": True},
                    {"two_factor_enabled": "true"},
                    {"two_factor_enabled": False, "is_banned": roll.random() < 0.3},
                    None,
                )
            ),
        )

    def worn(self, roll: Random) -> Any:
        """What the application or a run has left in the column, now and then by another policy."""
        ages = (timedelta(0), SECOND, 99 * DAY, -400 * DAY)
        moments = [f"{AS_OF - age:%Y-%m-%dT%H:%M:%SZ}" for age in ages] + ["yesterday"]
        codes = ("first_purchase", "steady_buyer", "loyal_buyer", "explorer", "of_old")
        earned = [
            roll.choice(({"code": code, "earned_at": roll.choice(moments)}, code, {"code": code}))
            if roll.random() < 0.3
            else {"code": code, "earned_at": roll.choice(moments)}
            for code in codes
            if roll.random() < 0.5
        ]
        by_run = {"evidence": {}, "badges": earned, "achievements": earned[::-1], "login_streak": 3}
        theirs = {"badges": [*earned, {"code": "steady_buyer", "earned_at": moments[2]}]}
        return roll.choice((by_run, by_run, by_run | {"badges": "none"}, theirs, {}))

    def shop(self, person: Row | None) -> Row:
        roll = self.roll
        tier = roll.choice(("starter", "rising", "established", "power_seller", "galaxy", None))
        begun = {"since": f"{AS_OF - roll.choice((1, 29, 30, 31)) * DAY:%Y-%m-%dT%H:%M:%SZ}"}
        old = roll.choice(
            ([], [{"from": "starter", "to": "rising", "at": "2026-01-01T00:00:00Z"}], [{"from": "starter"}])
        )
        # As the upgrade wrote it, or as published since AS_OF.
        young = roll.choice(
            (
                [],
                [{"from": "rising", "at": f"{AS_OF + 400 * DAY:%Y-%m-%dT%H:%M:%SZ}"}] * roll.choice((1, 2)),
            )
        )
        achieved = AS_OF + 401 * DAY if young or roll.random() < 0.2 else AS_OF - roll.choice((0, 99)) * DAY
        past = {
            "current_tier": tier,
            "tier_achieved_at": f"{achieved:%Y-%m-%dT%H:%M:%SZ}",
            "tier_change_history": [*young, *old],
            **roll.choice(({}, {"evidence": {}}, {"evidence": {"grace": begun}})),
        }
        return self.put(
            "seller_profiles",
            id=self.key(),
            user_id=person["id"] if person else None,
            rating_score=None,
            rating_count=0,
            created_at=self.maybe(AS_OF - 400 * DAY),
            tier_info=past if tier else roll.choice((None, {})),
        )

    def order(self, buyer: Row, shop: Row) -> Row:
        roll = self.roll
        made = self.moment()
        total = self.maybe(Decimal(roll.choice((0, 1, 99999, 500000, roll.randrange(1, 10**6)))) / 100, 0.9)
        if roll.random() < 0.03:
            total = Decimal(-1)
        late = lambda chance: self.maybe(self.after(made), chance)  # noqa: E731
        refunded = late(0.15)
        order = self.put(
            "orders",
            id=self.key(),
            buyer_id=buyer["id"],
            seller_id=shop["id"],
            status=roll.choice(STATUSES),
            created_at=made,
            total_amount=total,
            paid_at=late(0.6),
            ship_by=late(0.3),
            shipped_at=late(0.5),
            promised_at=late(0.5),
            delivered_at=late(0.4),
            completed_at=late(0.4),
            cancelled_at=late(0.1),
            cancelled_by=roll.choice(("buyer", "seller", "system", "Seller", None)),
            refunded_at=refunded,
            refunded_amount=self.maybe((total or Decimal(0)) / roll.choice((1, 2)), 0.8)
            if refunded
            else None,
            updated_at=late(0.3),
        )
        if order["refunded_amount"] is not None:
            order["refunded_amount"] = order["refunded_amount"].quantize(Decimal("0.01"))
        self.around(order)
        return order

    def around(self, order: Row) -> None:
        roll = self.roll
        later = self.after(order["created_at"])
        for _ in range(roll.choice((0, 0, 1, 1, 2))):
            self.review(order)
        if roll.random() < 0.2:
            against = roll.choice(("buyer", "seller", None))
            decided = self.maybe(self.after(later), 0.7)
            self.put(
                "disputes",
                id=self.key(),
                order_id=order["id"],
                opened_at=later,
                resolved_at=decided,
                decided_against=against,
            )
        if roll.random() < 0.12:
            done = self.maybe(self.after(later), 0.7)
            self.put("returns", id=self.key(), order_id=order["id"], requested_at=later, completed_at=done)
        if roll.random() < 0.12:
            self.put("order_exclusions", order_id=order["id"], reason="flood", decided_at=self.moment())

    def review(self, order: Row) -> None:
        roll = self.roll
        dimensions = {"accuracy": roll.choice((1, 3, 4.5, 6, "5")), "packaging": 5}
        self.put(
            "reviews",
            id=self.key(),
            order_id=self.maybe(order["id"], 0.85),
            seller_id=order["seller_id"],
            reviewer_id=roll.choice((*[order["buyer_id"]] * 7, None, self.world["users"][0]["id"])),
            rating=roll.choice((1, 2, 3, 4, 4, 5, 5, 9)),
            created_at=self.maybe(self.moment(), 0.93),
            detailed_ratings=self.maybe(dimensions, 0.3),
            engagement=self.maybe({"helpful_count": roll.choice((0, 1, 3))}),
            moderation=roll.choice(({"status": "rejected"}, {"status": "approved"}, {}, {}, None)),
        )

    def bulk(self, people: list[Row], shop: Row) -> None:
        """As many plain completed orders, or as many reviews, as make a threshold."""
        roll = self.roll
        buyer, moment = roll.choice(people), self.moment(future=0)
        span = roll.choice((SECOND, HOUR, DAY))
        praised = roll.random() < 0.5
        for number in range(roll.choice((5, 6, 9, 10, 11, 15, 20, 30, 39, 40, 41, 50))):
            order = self.order(buyer, shop)
            made = moment - number * span - DAY
            moved = {
                name: order[name] - order["created_at"] + made for name in TIMES if order[name] is not None
            }
            order |= {**moved, "created_at": made, "cancelled_at": None}
            order |= {"status": "completed", "completed_at": made + DAY, "total_amount": Decimal(100)}
            if praised and number < 9:  # a mean around the tiers' thresholds
                self.review(order)
                self.world["reviews"][-1]["rating"] = roll.choice((4, 5, 5))
            if roll.random() < 0.8:
                order |= {"refunded_at": None, "refunded_amount": None}

    def talk(self, people: list[Row]) -> None:
        for _ in range(self.roll.randrange(0, 6)):
            first, second = self.roll.choice(people), self.roll.choice(people)
            thread, moment = self.maybe(self.key(), 0.95), self.moment()
            for _ in range(self.roll.randrange(1, 4)):
                self.put(
                    "messages",
                    id=self.key(),
                    thread_id=thread,
                    sender_id=first["id"],
                    recipient_id=second["id"],
                    sent_at=moment,
                )
                first, second, moment = second, first, self.after(moment)

    def conduct(self, person: Row) -> None:
        roll = self.roll
        for _ in range(roll.randrange(0, 3)):
            begun = self.moment()
            ended = self.maybe(begun + timedelta(seconds=roll.choice((-5, 0, 100, 3601))), 0.8)
            self.put("user_sessions", user_id=person["id"], started_at=begun, ended_at=ended)
        if roll.random() < 0.2:
            friend = self.put("users", **{**self.user(), "id": self.key()})
            self.world["users"].pop(-2)
            self.put(
                "referred_users",
                id=self.key(),
                referrer_id=person["id"],
                referee_id=friend["id"],
                first_purchase_at=self.maybe(self.moment()),
            )

    def verdict(self, table: str, person: Row) -> None:
        made = self.moment()
        outcome = self.roll.choice(("upheld", "Upheld", "dismissed", None))
        decided = self.maybe(self.after(made), 0.7)
        self.put(table, user_id=person["id"], created_at=made, decided_at=decided, outcome=outcome)

    def ground(self, shop: Row) -> None:
        roll = self.roll
        for _ in range(roll.randrange(0, 4)):
            self.put(
                "products",
                id=self.key(),
                seller_id=shop["id"],
                status=roll.choice(("active", "Active", "hidden")),
                stock=roll.choice((0, 1, 7, None)),
            )
        for _ in range(roll.randrange(0, 4)):
            self.put(
                "payouts",
                seller_id=shop["id"],
                amount=Decimal(roll.randrange(0, 10**6)) / 100,
                status=roll.choice(("pending", "available", "withdrawn")),
                created_at=self.moment(),
            )


@st.composite
def marketplaces(draw: st.DrawFn) -> World:
    """One marketplace; its members have nothing to do with those of any other."""
    seed = draw(st.integers(0, 2**62))
    world: World = {table: [] for table in TABLES}
    Maker(Random(seed), world).make()  # noqa: S311
    return world

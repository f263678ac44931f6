"""Histories of points: orders, what an application writes into the ledger, and runs that post into it.

Runs are the reference's own: they post what it says, sometimes late, sometimes not for more than a year,
and some are undone. What they post closes ends and is part of the history that the models read.
"""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from reference.orders import Known, World
from reference.points import Terms, accounts, counts, month_after, signed
from reference.policy import Policy, Row

BEGAN = datetime(2025, 2, 10, 3, tzinfo=UTC)
LAST = datetime(2028, 3, 1, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
TABLES = ("users", "seller_profiles", "orders", "returns", "loyalty_programs", "points_transactions")
#: What an application writes: type, source, least and most points.
ENTRIES = (
    ("spend", "shop", 1, 160),
    ("spend", "shop", 1, 160),
    ("REDEEM", "order", -90, -1),
    ("refund", "shop", 1, 120),
    ("restore", "reward", 1, 40),
    ("bonus", "campaign", 1, 90),
    ("earn", "campaign", 1, 60),
    ("adjust", "support", -70, 70),
    ("mystery", "import", -30, 30),
    ("earn", "order", 1, 9),
    ("adjust", "expiry", -9, 9),
)


def _terms(roll: Random) -> Terms:
    first = {
        "valid_from": BEGAN,
        "points_per_100_baht": roll.choice((1, 2)),
        "welcome_bonus": 100,
        "hold_days": roll.choice((3, 7)),
        "validity_months": roll.choice((1, 3, 12)),
        "restored_grace_days": roll.choice((0, 14, 30, 45)),
    }
    later = [
        {
            **first,
            "valid_from": BEGAN + days * DAY,
            "points_per_100_baht": roll.choice((1, 3)),
            "welcome_bonus": roll.choice((0, 50)),
            "hold_days": roll.choice((0, 7, 14)),
            "validity_months": roll.choice((1, 2, 6, 12)),
            "restored_grace_days": roll.choice((0, 30)),
        }
        for days in (200 + roll.randrange(100), 500 + roll.randrange(100))
    ]
    return Terms([first, *later])


@dataclass
class History:
    """One marketplace with one set of terms, and how far runs have posted into it."""

    roll: Random
    members: int
    world: World = field(default_factory=lambda: {table: [] for table in TABLES})
    openings: dict[str, int] = field(default_factory=dict)
    #: Id of a row → from when on it is there, where that is later than its own time.
    late: dict[str, datetime] = field(default_factory=dict)
    runs: list[datetime] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.terms = _terms(self.roll)

    def key(self) -> str:
        return str(uuid.UUID(int=self.roll.getrandbits(127), version=4))

    def moment(self, first: datetime = BEGAN - 200 * DAY) -> datetime:
        """Often within a second of a month's start."""
        moment = first + timedelta(seconds=self.roll.randrange(int((LAST - first).total_seconds())))
        if self.roll.random() < 0.2:
            return month_after(moment) + self.roll.choice((-SECOND, 0 * SECOND, SECOND))
        return moment

    def make(self, runs: int) -> None:
        people = [self._member() for _ in range(self.members)]
        for person in people[:2]:
            self._put("seller_profiles", id=self.key(), user_id=person["id"], created_at=BEGAN - 900 * DAY)
        for person in people:
            for _ in range(self.roll.randrange(1, 14)):
                self._order(person["id"])
            for _ in range(self.roll.randrange(0, 12)):
                self._entry(person["id"])
        self._run_often(runs)
        self._programmes()

    def _put(self, table: str, **row: Any) -> Row:
        self.world[table].append(row)
        if self.roll.random() < 0.03 and table in ("orders", "points_transactions"):
            at = row.get("completed_at") or row["created_at"]
            self.late[row["id"]] = at + self.roll.randrange(1, 60) * DAY
        return row

    def _member(self) -> Row:
        roll = self.roll
        moment = BEGAN - 100 * DAY if roll.random() < 0.5 else self.moment(BEGAN)
        member = self._put("users", id=self.key(), created_at=moment)
        if roll.random() < 0.15:
            self.openings[member["id"]] = roll.choice((-60, -1, 5, 80))
        return member

    def _order(self, buyer: str) -> None:
        roll, created = self.roll, self.moment()
        ended = created + timedelta(seconds=roll.randrange(1, 20 * 86400))
        if roll.random() < 0.1:
            ended = month_after(created) + roll.choice((-SECOND, 0 * SECOND, SECOND))
        amount = Decimal(roll.choice((99, 100, 250, 4000, 12345))) + roll.choice(
            (Decimal("-0.01"), Decimal("0.00"), Decimal("0.01"))
        )
        refunded, part = None, None
        if roll.random() < 0.25:
            refunded = ended + timedelta(seconds=roll.randrange(1, 500 * 86400))
            part = roll.choice((None, amount, amount + 1, Decimal("0.01"), amount / 2, amount - 100))
            part = part if part is None else max(round(part, 2), Decimal("0.01"))
        order = self._put(
            "orders",
            id=self.key(),
            buyer_id=buyer,
            seller_id=roll.choice(self.world["seller_profiles"])["id"],
            status=roll.choice(("completed", "Completed", "shipped")),
            total_amount=amount,
            created_at=created,
            paid_at=None,
            ship_by=None,
            shipped_at=None,
            promised_at=None,
            delivered_at=None,
            completed_at=ended,
            cancelled_at=ended + 30 * DAY if roll.random() < 0.05 else None,
            cancelled_by="buyer",
            refunded_at=refunded,
            refunded_amount=part,
            updated_at=ended,
        )
        if roll.random() < 0.05:
            back = ended + roll.randrange(1, 300) * DAY
            self._put("returns", id=self.key(), order_id=order["id"], requested_at=ended, completed_at=back)

    def _entry(self, member: str) -> None:
        roll = self.roll
        type_, source, least, most = roll.choice(ENTRIES)
        made = self.moment()
        ends = made + roll.randrange(-10, 900) * DAY
        self._ledger(
            member,
            type_,
            source,
            roll.choice([amount for amount in range(least, most + 1) if amount]),
            made,
            source_id=self.key() if roll.random() < 0.3 else None,
            status=roll.choice(("confirmed", "confirmed", "Confirmed", None, "pending")),
            expires_at=roll.choice((None, None, ends, month_after(ends))),
        )

    def _ledger(
        self, member: str, type_: str, source: str, amount: int, made: datetime, **more: Any
    ) -> Row:
        given = {"source_id": None, "status": "confirmed", "expires_at": None, **more}
        return self._put(
            "points_transactions",
            id=self.key(),
            user_id=member,
            type=type_,
            amount=amount,
            balance_after=0,
            source=source,
            description="",
            created_at=made,
            **given,
        )

    def _run_often(self, runs: int) -> None:
        """Runs at random distances, of which some are undone by rows of the opposite amounts."""
        moment, number = BEGAN + self.roll.randrange(1, 30) * DAY, 0
        while moment < LAST and number < runs:
            self.runs.append(moment)
            number += 1
            posted = self._post(moment)
            moment += timedelta(seconds=self.roll.randrange(60, 40 * 86400))
            if self.roll.random() < 0.15:
                for row in posted:
                    type_ = {"expire": "adjust", "earn": "reverse", "reverse": "earn"}.get(row["type"])
                    kept = {name: row[name] for name in ("source_id", "expires_at")}
                    opposite = -signed(row)
                    self._ledger(row["user_id"], type_ or "expire", row["source"], opposite, moment, **kept)
                moment += HOUR
            if self.roll.random() < 0.06:
                moment += self.roll.choice((100, 400)) * DAY

    def _post(self, as_of: datetime) -> list[Row]:
        there = {
            table: [row for row in rows if self.late.get(row["id"], as_of) <= as_of]
            for table, rows in self.world.items()
        }
        posted = []
        for member, account in accounts(known(there, as_of), self.terms, self.openings).items():
            for (source, id_, end), (worth, before, _) in sorted(account.postings().items(), key=str):
                change = worth - before
                if not change:
                    continue
                types = ("adjust", "expire") if source == "expiry" else ("earn", "reverse")
                made = as_of + SECOND
                posted.append(
                    self._ledger(
                        member, types[change < 0], source, change, made, source_id=id_, expires_at=end
                    )
                )
        for row in posted:
            self.late.pop(row["id"], None)
        return posted

    def _programmes(self) -> None:
        """Balances that agree with the ledger, but for a few; some began with more, or with less."""
        sums: dict[str, int] = {}
        for row in self.world["points_transactions"]:
            if counts(row, LAST + 1000 * DAY):
                sums[row["user_id"]] = sums.get(row["user_id"], 0) + signed(row)
        for number, person in enumerate(self.world["users"]):
            member = person["id"]
            balance = self.openings.get(member, 0) + sums.get(member, 0) + (7 if number % 9 == 0 else 0)
            self._put("loyalty_programs", id=self.key(), user_id=member, points_balance=balance)


def known(world: World, as_of: datetime) -> Known:
    """What orders came to; other tables than those of points are empty."""
    empty = {table: [] for table in ("reviews", "messages", "disputes", "order_exclusions")}
    return Known({**empty, **world}, Policy({}), as_of, LAST + 9 * DAY)

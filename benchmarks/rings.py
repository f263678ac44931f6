"""Attacks on scores, as rows: accounts that deal with themselves, and shops that are praised or bombed.

`insert` puts all of them into an upgraded marketplace; each has accounts of its own, so none changes
another. Money between own accounts is passed on: what is lost are fees. `subject` is the account, or shop,
that is meant.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import Connection, text

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Ring:
    """Accounts with a verified address and phone, 31 days old, each with a shop, that buy from one another.

    Each has `orders` of `baht` and answers `messages`; `is_praised` adds five stars, votes and three
    referrals, and `papers` verified papers and two-factor sign-in. Of two accounts the first buys and the
    second sells.
    """

    name: str
    accounts: int
    orders: int
    baht: int
    messages: int = 0
    is_praised: bool = False
    papers: bool = False

    @property
    def subject(self) -> UUID:
        return _key(self.name, "user", 0)

    @property
    def cost(self) -> int:
        buyers = 1 if self.accounts <= 2 else self.accounts
        return buyers * self.orders * self.baht


@dataclass(frozen=True)
class Campaign:
    """A shop with an honest past: `sold` orders by half as many buyers, and `stars` for the first of them.

    Then `fakes`, reviews of so many stars, all by one more account: each "of nothing" (they name the shop),
    "of one order" (all of the same), "of own orders" of `baht`, "of
    unpaid orders", or "of orders called off", after payment and before shipping.
    """

    name: str
    sold: int
    stars: tuple[int, ...]
    fakes: tuple[int, ...]
    behind: str
    baht: int = 0

    @property
    def subject(self) -> UUID:
        return _key(self.name, "shop", 0)

    @property
    def cost(self) -> int:
        return self.baht * len(self.fakes) if self.behind == "of own orders" else 0

    @property
    def accounts(self) -> int:
        return 1


RINGS = (
    Ring("one order of 1 baht at a stranger's", 2, 1, 1),
    Ring("two accounts, 21 × 1 baht", 2, 21, 1),
    Ring("two accounts, 51 × 1 baht, 50 messages", 2, 51, 1, 50),
    Ring("two accounts, 50 × 20 baht, 50 messages", 2, 50, 20, 50),
    Ring("two accounts, 51 × 20 baht, 50 messages", 2, 51, 20, 50),
    Ring("two accounts with papers, 50 × 20 baht, 50 messages", 2, 50, 20, 50, papers=True),
    Ring("ring of 10, 51 × 1 baht, praised", 10, 51, 1, 50, is_praised=True),
    Ring("ring of 10, 51 × 20 baht, praised", 10, 51, 20, 50, is_praised=True),
    Ring("ring of 20, 51 × 20 baht, praised", 20, 51, 20, 50, is_praised=True),
)
CAMPAIGNS = (
    Campaign("a new shop, 10 own orders of 1 baht", 0, (), (5,) * 10, "of own orders", 1),
    Campaign("10 good orders, 6 reviews of nothing", 10, (3, 3, 4), (5,) * 6, "of nothing"),
    Campaign("10 good orders, 6 reviews of one order", 10, (3, 3, 4), (5,) * 6, "of one order"),
    Campaign("bombed by 5 reviews of nothing", 20, (4, 4, 4, 5, 4), (1,) * 5, "of nothing"),
    Campaign("bombed by 5 reviews of one order", 20, (4, 4, 4, 5, 4), (1,) * 5, "of one order"),
    Campaign("bombed by 5 reviews of own orders", 20, (4, 4, 4, 5, 4), (1,) * 5, "of own orders", 20),
    Campaign(
        "bombed by 10 reviews of unpaid orders", 20, (4, 4, 4, 5, 4), (1,) * 10, "of unpaid orders", 5000
    ),
    Campaign(
        "bombed by 10 reviews of orders called off",
        20,
        (4, 4, 4, 5, 4),
        (1,) * 10,
        "of orders called off",
        5000,
    ),
    Campaign(
        "10 good orders, 40 reviews of orders called off",
        10,
        (3, 3, 4),
        (5,) * 40,
        "of orders called off",
        5000,
    ),
)
ATTACKS = (*RINGS, *CAMPAIGNS)


def insert(connection: Connection, now: datetime) -> None:
    """All rows of all attacks, dated before `now`."""
    for attack in ATTACKS:
        made = _Rows(attack.name, now)
        (_ring if isinstance(attack, Ring) else _campaign)(made, attack)  # type: ignore[operator]
        for table, rows in made.rows.items():
            columns = list(rows[0])
            values = ", ".join(f":{column}" for column in columns)
            connection.execute(text(f"insert into {table} ({', '.join(columns)}) values ({values})"), rows)


def _key(name: str, kind: str, number: int) -> UUID:
    return uuid5(NAMESPACE_URL, f"{name} {kind} {number}")


@dataclass
class _Rows:
    """The rows of one attack, parents first."""

    name: str
    now: datetime
    rows: Rows = field(default_factory=dict)
    made: int = 0

    def put(self, table: str, **row: Any) -> UUID:
        self.made += 1
        row = {"id": _key(self.name, table, self.made), **row}
        self.rows.setdefault(table, []).append(row)
        return UUID(str(row["id"]))

    def account(self, number: int, papers: bool = False) -> UUID:
        return self.put(
            "users",
            id=_key(self.name, "user", number),
            created_at=self.now - 31 * DAY,
            email_verified=True,
            phone_verified=True,
            kyc_status="verified" if papers else "not_verified",
            security_settings=f'{{"two_factor_enabled": {str(papers).lower()}}}',
        )

    def shop(self, number: int, person: UUID) -> UUID:
        key = _key(self.name, "shop", number)
        return self.put(
            "seller_profiles", id=key, user_id=person, rating_count=0, created_at=self.now - 31 * DAY
        )

    def order(self, buyer: UUID, shop: UUID, baht: int, number: int) -> UUID:
        at = self.now - 20 * DAY + number * HOUR
        return self.put(
            "orders",
            buyer_id=buyer,
            seller_id=shop,
            status="completed",
            total_amount=baht,
            created_at=at,
            completed_at=at + HOUR,
            paid_at=at,
            cancelled_at=None,
            cancelled_by=None,
        )

    def come_to_nothing(self, is_paid: bool) -> None:
        """The order before was not paid, or called off by its buyer."""
        placed = self.rows["orders"][-1]
        placed |= {"status": "pending", "completed_at": None}
        if is_paid:
            placed |= {
                "status": "cancelled",
                "cancelled_at": placed["paid_at"] + HOUR,
                "cancelled_by": "buyer",
            }
        else:
            placed["paid_at"] = None

    def review(self, stars: int, votes: int = 0, **of: UUID | None) -> None:
        self.put(
            "reviews",
            order_id=of.get("order"),
            seller_id=of.get("shop"),
            reviewer_id=of.get("writer"),
            rating=stars,
            created_at=self.now - 2 * DAY,
            engagement=f'{{"helpful_count": {votes}}}',
        )

    def answered(self, asked: UUID, asking: UUID, number: int) -> None:
        thread, at = _key(self.name, "thread", number), self.now - 9 * DAY
        for sender, recipient, moment in ((asking, asked, at), (asked, asking, at + HOUR)):
            self.put("messages", thread_id=thread, sender_id=sender, recipient_id=recipient, sent_at=moment)


def _ring(made: _Rows, ring: Ring) -> None:
    people = [made.account(number, ring.papers) for number in range(ring.accounts)]
    shops = [made.shop(number, person) for number, person in enumerate(people)]
    for number, buyer in enumerate(people):
        if ring.accounts == 2 and number:
            break
        for order in range(ring.orders):
            partner = (number + 1 + order % (ring.accounts - 1)) % ring.accounts
            placed = made.order(buyer, shops[partner], ring.baht, order)
            if ring.is_praised:
                made.review(5, votes=3, order=placed, shop=shops[partner], writer=buyer)
        for message in range(ring.messages):
            partner = (number + 1 + message % (ring.accounts - 1)) % ring.accounts
            made.answered(buyer, people[partner], number * ring.messages + message)
        if ring.is_praised:
            for friend in range(1, 4):
                referred = people[(number + friend) % ring.accounts]
                bought = made.now - 5 * DAY
                made.put("referred_users", referrer_id=buyer, referee_id=referred, first_purchase_at=bought)


def _campaign(made: _Rows, campaign: Campaign) -> None:
    shop = made.shop(0, made.account(0))
    buyers = [made.account(1 + number) for number in range(campaign.sold // 2)]
    orders = [
        (buyers[number % len(buyers)], made.order(buyers[number % len(buyers)], shop, 500, number))
        for number in range(campaign.sold)
    ]
    for (buyer, order), stars in zip(orders, campaign.stars, strict=False):
        made.review(stars, order=order, shop=shop, writer=buyer)
    forger = made.account(1000)
    one = made.order(forger, shop, campaign.baht or 20, 30) if campaign.behind == "of one order" else None
    for number, stars in enumerate(campaign.fakes):
        order = one
        if campaign.behind.endswith(("orders", "orders called off")):
            order = made.order(forger, shop, campaign.baht, number)
        if campaign.behind in ("of unpaid orders", "of orders called off"):
            made.come_to_nothing(is_paid=campaign.behind == "of orders called off")
        made.review(stars, order=order, shop=shop, writer=forger)

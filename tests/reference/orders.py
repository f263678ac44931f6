"""The world as it was known at a moment: orders with their outcome, reviews that count, threads."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from reference.policy import Policy, Row

#: An order that ended before it was created is set aside; an earlier payment or shipment is left out.
ENDS = ("delivered_at", "completed_at", "cancelled_at", "refunded_at")
TIMES = ("paid_at", "shipped_at", "delivered_at", "completed_at", "cancelled_at", "refunded_at")
World = dict[str, list[Row]]


@dataclass
class Order:
    """An order that counts, at as_of."""

    row: Row
    shop_person: str | None
    outcome: str = "open"
    resolved: datetime | None = None
    amount: Fraction = Fraction(0)
    disputed: bool = False
    lost: dict[str, datetime | None] | None = None
    excluded: bool = False
    handed_over: datetime | None = None
    judged: datetime | None = None
    rating: int | None = None
    lifts_trust: bool = True
    lowers_trust: bool = True
    paid: bool = True

    def lost_by(self, role: str) -> datetime | None:
        return (self.lost or {}).get(role)

    def cancelled_by(self, role: str) -> bool:
        return self.outcome == "cancelled" and (self.row["cancelled_by"] or "").lower() == role


def _timed(row: Row) -> Row:
    early = [n for n in ("paid_at", "shipped_at") if row[n] is not None and row[n] < row["created_at"]]
    return {**row, **dict.fromkeys(early), "stated_paid_at": row["paid_at"]}


def _latest(row: Row) -> datetime:
    moments = [row[name] for name in TIMES if row[name]]
    return max(moments, default=None) or row["updated_at"] or row["created_at"]


@dataclass
class Known:
    """Everything that counts at as_of."""

    world: World
    policy: Policy
    as_of: datetime
    wall_clock: datetime
    has_shipping_times: bool = True
    has_order_reviews: bool = True
    has_amounts: bool = True
    has_payment_times: bool = True

    def __post_init__(self) -> None:
        self.users = {row["id"]: row for row in self.world["users"] if row["created_at"] <= self.as_of}
        self.sellers = {
            row["id"]: row
            for row in self.world["seller_profiles"]
            if row["created_at"] is None or row["created_at"] <= self.as_of
        }
        self.rows = {row["id"]: _timed(row) for row in self.world["orders"] if self._is_trusted(row)}
        self.reviews = self._reviews()
        self.orders = [self._order(row) for row in self.rows.values() if not self._is_self_dealing(row)]
        self.threads = self._threads()

    def known(self, moment: datetime | None) -> datetime | None:
        return moment if moment and moment <= self.as_of else None

    def within(self, moment: datetime | None, policy_days: str) -> bool:
        return moment is not None and moment >= self.begins(self.policy.days(policy_days))

    def begins(self, days: int) -> datetime:
        """The first moment of the last so many days."""
        return self.policy.first_moment(self.as_of, days)

    def person(self, seller_id: str) -> str | None:
        seller = self.sellers.get(seller_id)
        return seller["user_id"] if seller else None

    def _is_trusted(self, row: Row) -> bool:
        amounts = [row[name] for name in ("total_amount", "refunded_amount") if row[name] is not None]
        ends = [row[name] for name in ENDS if row[name] is not None]
        return (
            all(0 <= amount <= self.policy.numbers["max_amount"] for amount in amounts)
            and all(end >= row["created_at"] for end in ends)
            and row["status"].lower() in self.policy.statuses
            and row["created_at"] <= self.as_of
        )

    def _is_self_dealing(self, row: Row) -> bool:
        return row["buyer_id"] == self.person(row["seller_id"])

    def _order(self, row: Row) -> Order:
        status = self.policy.statuses[row["status"].lower()]
        latest = _latest(row)

        def happened(name: str, meaning: str) -> datetime | None:
            return self.known(row[name] or (latest if status["meaning"] == meaning else None))

        cancelled = happened("cancelled_at", "cancelled")
        completed = happened("completed_at", "completed")
        backs = [self.known(row["refunded_at"] or latest)] if status["meaning"] == "returned" else []
        refunded = self.known(row["refunded_at"])
        total, part = row["total_amount"], row["refunded_amount"]
        is_full = total is None or part is None or part >= total
        if is_full:
            backs.append(refunded)
        backs += [
            self.known(r["completed_at"]) for r in self.world["returns"] if r["order_id"] == row["id"]
        ]
        back = min((moment for moment in backs if moment), default=None)
        order = Order(row, self.person(row["seller_id"]))
        order.amount = Fraction(total or 0) - (Fraction(part) if refunded and not is_full else 0)
        order.lifts_trust, order.lowers_trust = self._is_enough(order.amount), self._is_enough(total)
        for outcome, moment in (("cancelled", cancelled), ("returned", back), ("completed", completed)):
            if moment:
                order.outcome, order.resolved = outcome, moment
                break
        self._disputes(order)
        order.excluded = any(
            self.known(e["decided_at"])
            for e in self.world["order_exclusions"]
            if e["order_id"] == row["id"]
        )
        nobody_paid = self.has_payment_times and self.payment(row) is None
        order.paid = not nobody_paid or order.lost_by("seller") is not None
        self._shipping(order, latest if status["is_shipped"] == "true" else None)
        mine = [one for one in self.reviews if one["order_id"] == row["id"] and one["counted"]]
        if mine:
            dated = [review for review in mine if review["created_at"]] or mine
            order.rating = max(dated, key=lambda r: (r["created_at"] or 0, r["id"]))["rating"]
        return order

    def payment(self, row: Row) -> datetime | None:
        """Since when the order is known to be paid."""
        status = self.policy.statuses[row["status"].lower()]
        stated, created = row["stated_paid_at"], row["created_at"]
        names = ("shipped_at", "delivered_at", "completed_at", "refunded_at")
        moments = [row[name] for name in names if row[name]]
        if stated:
            moments.append(max(stated, created))
        if status["is_paid"] == "true" and not moments:
            moments.append(_latest(row))
        if not self.has_payment_times and (status["is_paid"] == "true" or status["meaning"] != "open"):
            moments.append(created)
        return self.known(min(moments, default=None))

    def called_off(self, row: Row) -> datetime | None:
        """When its buyer cancelled it, if it had not been shipped."""
        status = self.policy.statuses[row["status"].lower()]
        is_cancelled = status["meaning"] == "cancelled"
        cancelled = self.known(row["cancelled_at"] or (_latest(row) if is_cancelled else None))
        sent = [row[name] for name in ("shipped_at", "delivered_at", "completed_at") if row[name]]
        if status["meaning"] == "completed" and not row["completed_at"]:
            sent.append(_latest(row))
        if status["is_shipped"] == "true" and not sent:
            sent.append(_latest(row))
        by_buyer = (row["cancelled_by"] or "").lower() == "buyer"
        early = cancelled is not None and not any(moment <= cancelled for moment in sent)
        return cancelled if by_buyer and early else None

    def _is_enough(self, amount: Any) -> bool:
        return not self.has_amounts or (amount or 0) >= self.policy.numbers["min_counted_amount"]

    def _disputes(self, order: Order) -> None:
        mine = [d for d in self.world["disputes"] if d["order_id"] == order.row["id"] and d["opened_at"]]
        order.disputed = any(self.known(d["opened_at"]) for d in mine)
        order.lost = {}
        for role in ("buyer", "seller"):
            decided = [
                self.known(max(d["opened_at"], d["resolved_at"] or d["opened_at"]))
                for d in mine
                if (d["decided_against"] or "").lower() == role
            ]
            order.lost[role] = max((moment for moment in decided if moment), default=None)

    def _shipping(self, order: Order, stand_in: datetime | None) -> None:
        row = order.row
        moments = [row[name] for name in ("shipped_at", "delivered_at", "completed_at") if row[name]]
        candidates = [self.known(moment) for moment in moments or [stand_in]]
        order.handed_over = next((moment for moment in candidates if moment), None)
        if not self.has_shipping_times:
            return
        start = self.known(row["paid_at"]) or row["created_at"]
        due = row["ship_by"] or self.policy.after_working_hours(start)
        called_off = (
            order.handed_over is None
            and order.resolved is not None
            and order.resolved < due
            and not order.cancelled_by("seller")
        )
        moments = [order.handed_over, due if due <= self.as_of and order.paid and not called_off else None]
        order.judged = min((moment for moment in moments if moment), default=None)

    def _reviews(self) -> list[Row]:
        found = []
        for row in self.world["reviews"]:
            order = self.rows.get(row["order_id"])
            seller = order["seller_id"] if order else row["seller_id"]
            writer = row["reviewer_id"] or (order["buyer_id"] if order else None)
            status = (row["moderation"] or {}).get("status", "pending")
            person = self.person(seller) if seller else None
            own = person is not None and person in (writer, order["buyer_id"] if order else None)
            later = row["created_at"] is not None and row["created_at"] > self.as_of
            if (
                row["rating"] not in range(1, 6)
                or later
                or status == "rejected"
                or own
                or seller not in self.sellers
            ):
                continue
            found.append({**row, "seller_id": seller, "writer": writer, "person": person})
        firsts: dict[str, Row] = {}
        for review in sorted(found, key=lambda r: (r["created_at"] is not None, r["created_at"], r["id"])):
            order = self.rows.get(review["order_id"])
            if order and review["writer"] == order["buyer_id"]:
                firsts.setdefault(order["id"], review)
        firsts = {key: one for key, one in firsts.items() if self._cost_something(self.rows[key])}
        for review in found:
            self._weigh(review, self.rows.get(review["order_id"]), firsts)
        return found

    def _cost_something(self, row: Row) -> bool:
        return self.payment(row) is not None and self.called_off(row) is None

    def _weigh(self, review: Row, order: Row | None, firsts: dict[str, Row]) -> None:
        """Whether a review moves adjusted rating and tier, and whether trust, too."""
        needs_order = self.has_order_reviews and self.policy.numbers["reviews_need_order"] == 1
        review["counted"] = not needs_order or firsts.get(review["order_id"]) is review
        is_enough = True
        if order:
            amount = order["total_amount"]
            if review["rating"] >= self.policy.numbers["positive_rating_from"] and amount is not None:
                amount = self._left(order)
            is_enough = self._is_enough(amount)
        review["trusted"] = review["counted"] and is_enough

    def _left(self, row: Row) -> Any:
        status = self.policy.statuses[row["status"].lower()]["meaning"]
        cancelled = row["cancelled_at"] or (_latest(row) if status == "cancelled" else None)
        back = [(row["refunded_at"] or _latest(row)) if status == "returned" else None]
        back += [r["completed_at"] for r in self.world["returns"] if r["order_id"] == row["id"]]
        if self.known(cancelled) or any(self.known(moment) for moment in back):
            return 0
        if self.known(row["refunded_at"]):
            total, part = row["total_amount"], row["refunded_amount"]
            return 0 if part is None else total - min(part, total)
        return row["total_amount"]

    def _threads(self) -> list[Row]:
        """First messages to somebody else, each with when the recipient first wrote back."""
        by_thread = defaultdict(list)
        for message in self.world["messages"]:
            if message["thread_id"] and self.known(message["sent_at"]):
                by_thread[message["thread_id"]].append(message)
        found = []
        for messages in by_thread.values():
            messages.sort(key=lambda m: (m["sent_at"], m["id"]))
            first = messages[0]
            if first["sender_id"] == first["recipient_id"]:
                continue
            answers = [m["sent_at"] for m in messages if m["sender_id"] == first["recipient_id"]]
            answer = min(answers, default=None)
            limit = first["sent_at"] + timedelta(hours=int(self.policy.numbers["answer_hours"]))
            found.append(
                {
                    "to": first["recipient_id"],
                    "at": first["sent_at"],
                    "answered": answer is not None and answer <= limit,
                    "judged": answer is not None or limit <= self.as_of,
                    "seconds": (answer - first["sent_at"]).total_seconds() if answer else None,
                }
            )
        return found

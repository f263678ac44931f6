"""docs/metrics.md on points in plain Python: lot by lot, moment by moment."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from reference.orders import Known, Order
from reference.policy import BANGKOK, Row, seed

MEANINGS = {row["type"]: row["meaning"] for row in seed("points_types")}
#: Policy's earliest year; a row without a time is dated by it.
EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
#: Source, id and end of a posting; the end is of an expiry's key alone.
Key = tuple[str, str | None, datetime | None]


def month_after(moment: datetime, months: int = 1, zone: ZoneInfo = BANGKOK) -> datetime:
    """The start of the business month so many months after the moment's own."""
    local = moment.astimezone(zone)
    number = local.year * 12 + local.month - 1 + months
    return datetime.combine(date(number // 12, number % 12 + 1, 1), datetime.min.time(), zone).astimezone(
        UTC
    )


@dataclass(frozen=True)
class Terms:
    """Rows of standing.loyalty_terms, oldest first."""

    rows: list[Row]
    ends: dict[datetime, datetime] = field(default_factory=dict)

    @property
    def began(self) -> datetime:
        return min(row["valid_from"] for row in self.rows)

    def at(self, moment: datetime) -> Row | None:
        return next((row for row in reversed(self.rows) if row["valid_from"] <= moment), None)

    def end(self, moment: datetime) -> datetime:
        """When points end that count from a moment: no sooner than older ones."""
        first, last = month_after(self.began, 0), month_after(max(moment, self.began), 0)
        if last in self.ends:
            return self.ends[last]
        ends = []
        while first <= last:
            following = month_after(first)
            validities = [
                row["validity_months"]
                for row, after in zip(self.rows, [*self.rows[1:], None], strict=True)
                if row["valid_from"] < following and (after is None or after["valid_from"] > first)
            ]
            ends.append(month_after(first, max(validities) + 1))
            first = following
        self.ends[last] = max(ends)
        return self.ends[last]


@dataclass(frozen=True)
class Credit:
    """Points that came at a moment."""

    moment: datetime
    source: str
    id: str
    points: int
    stated_end: datetime | None = None


@dataclass
class Lot:
    """Points of one credit that end together; `taken` have been spent."""

    end: datetime
    left: int
    taken: int = 0


@dataclass
class Account:
    """One member's points at as_of; `steps` are moments at which time alone changes it."""

    worth: dict[Key, int] = field(default_factory=dict)
    posted: dict[Key, int] = field(default_factory=dict)
    revision: dict[Key, int] = field(default_factory=dict)
    credits: list[Credit] = field(default_factory=list)
    orders: set[str] = field(default_factory=set)
    opening: int = 0
    pending: int = 0
    steps: list[datetime] = field(default_factory=list)
    lots: list[Lot] = field(default_factory=list)
    debt: int = 0
    expired: dict[datetime, int] = field(default_factory=dict)
    ledger: int = 0

    @property
    def left_by_end(self) -> dict[datetime, int]:
        found: dict[datetime, int] = defaultdict(int)
        for lot in self.lots:
            found[lot.end] += lot.left
        return {end: left for end, left in found.items() if left}

    def tier(self, as_of: datetime, months: int = 12, grace: int = 3) -> tuple[str, datetime | None]:
        """The highest tier that some months reached lately, and the month in which it falls by itself."""
        earned = [
            credit for credit in self.credits if credit.source == "order" and credit.id in self.orders
        ]
        for row in sorted(seed("loyalty_tiers"), key=lambda row: -int(row["rank"])):
            for back in range(months + grace):
                first = month_after(as_of, -back)
                last = month_after(first, months)
                points = sum(credit.points for credit in earned if first <= credit.moment < last)
                if int(row["min_points"]) and points >= int(row["min_points"]):
                    return row["loyalty_tier"], month_after(first, months + grace)
        return "bronze", None

    def shown(self, as_of: datetime) -> tuple[Any, ...]:
        """All that the models say of it."""
        amounts = (self.pending, self.lifetime, self.ledger, self.debt)
        return self.postings(), self.left_by_end, amounts, self.tier(as_of)

    @property
    def lifetime(self) -> int:
        return min(self.opening, 0) + sum(credit.points for credit in self.credits)

    @property
    def next_step(self) -> datetime | None:
        return min([*self.steps, *self.left_by_end], default=None)

    def postings(self) -> dict[Key, tuple[int, int, int]]:
        """Key → worth, posted, revision."""
        worth = {**self.worth, **{("expiry", None, end): -lost for end, lost in self.expired.items()}}
        return {
            key: (worth.get(key, 0), self.posted.get(key, 0), self.revision.get(key, 0))
            for key in worth.keys() | self.revision.keys()
        }

    def credit(self, end: datetime, points: int) -> None:
        """New points meet debts first."""
        met = min(self.debt, points)
        self.debt -= met
        self.lots.append(Lot(end, points - met, met))

    def debit(self, points: int) -> None:
        """What ends first is spent first; beyond all lots it is a debt."""
        for lot in sorted(self.lots, key=lambda lot: lot.end):
            spent = min(lot.left, points)
            lot.left, lot.taken, points = lot.left - spent, lot.taken + spent, points - spent
        self.debt += points

    def restore(self, safe: datetime, points: int) -> None:
        """What was spent last comes back, to its lot, but safe until an end that is far enough away."""
        met = min(self.debt, points)
        self.debt, points = self.debt - met, points - met
        for lot in sorted(self.lots, key=lambda lot: lot.end, reverse=True):
            back = min(lot.taken, points)
            lot.taken, points = lot.taken - back, points - back
            if lot.end >= safe:
                lot.left += back
            else:
                self.lots.append(Lot(safe, back))
        self.lots.append(Lot(safe, points))

    def close(self, moment: datetime) -> None:
        """What is left of all lots that have ended by then ends."""
        for lot in self.lots:
            if lot.end <= moment and lot.left:
                self.expired[lot.end] = self.expired.get(lot.end, 0) + lot.left
                lot.left = 0


def signed(row: Row) -> int:
    meaning = MEANINGS.get(row["type"].lower(), "signed")
    if meaning == "debit":
        return -abs(row["amount"])
    return abs(row["amount"]) if meaning == "restore" else row["amount"]


def key_of(row: Row, began: datetime) -> Key | None:
    """The key that a row of the ledger is of; None of the application's own."""
    type_, source = row["type"].lower(), row["source"].lower()
    if row["created_at"] is None or row["created_at"] < began:
        return None
    if source == "order" and type_ in ("earn", "reverse") and row["source_id"]:
        return source, row["source_id"], None
    if source == "signup" and type_ in ("earn", "reverse"):
        return source, None, None
    if source == "expiry" and type_ in ("expire", "adjust") and row["expires_at"]:
        return source, None, row["expires_at"]
    return None


def counts(row: Row, as_of: datetime) -> bool:
    is_confirmed = (row["status"] or "confirmed").lower() == "confirmed"
    return is_confirmed and (row["created_at"] is None or row["created_at"] <= as_of)


def is_restore(row: Row) -> bool:
    return MEANINGS.get(row["type"].lower()) == "restore"


def made_at(row: Row) -> datetime:
    """A row without a time was always there."""
    return max(row["created_at"] or EARLIEST, EARLIEST)


def accounts(known: Known, terms: Terms, openings: dict[str, int]) -> dict[str, Account]:
    """Every member's account."""
    ledgers, orders = defaultdict(list), defaultdict(list)
    for row in known.world["points_transactions"]:
        ledgers[row["user_id"]].append(row)
    for order in known.orders:
        orders[order.row["buyer_id"]].append(order)
    found = {}
    for member, user in known.users.items():
        account = found[member] = Account(opening=openings.get(member, 0))
        if account.opening > 0:
            account.credits.append(Credit(datetime.min.replace(tzinfo=UTC), "", "", account.opening))
        account.debt = max(-account.opening, 0)
        _earn(account, known, terms, orders[member])
        _welcome(account, known, terms, user, ledgers[member])
        _read(account, ledgers[member], terms, known.as_of)
        _walk(account, ledgers[member], terms, known.as_of)
    return found


def _earn(account: Account, known: Known, terms: Terms, orders: list[Order]) -> None:
    for order in orders:
        then = terms.at(order.resolved) if order.resolved and order.outcome == "completed" else None
        if then and order.resolved:
            points = int(order.amount // 100) * then["points_per_100_baht"]
            moment = order.resolved + timedelta(days=then["hold_days"])
            _give(account, known.as_of, ("order", order.row["id"], None), points, moment)


def _welcome(account: Account, known: Known, terms: Terms, user: Row, ledger: list[Row]) -> None:
    """Whom the ledger has welcomed before the start is not welcomed again."""
    for row in ledger:
        is_welcome = (row["source"].lower(), row["type"].lower()) == ("signup", "earn")
        if is_welcome and counts(row, known.as_of) and key_of(row, terms.began) is None:
            return
    joined = max(user["created_at"], terms.began)
    if then := terms.at(joined):
        _give(account, known.as_of, ("signup", None, None), then["welcome_bonus"], joined)


def _give(account: Account, as_of: datetime, key: Key, points: int, moment: datetime) -> None:
    if points and moment > as_of:
        account.pending += points
        account.steps.append(moment)
    elif points:
        account.worth[key] = points
        account.orders.add(str(key[1]))
        account.credits.append(Credit(moment, key[0], key[1] or "", points))


def _read(account: Account, ledger: list[Row], terms: Terms, as_of: datetime) -> None:
    """What the ledger says of keys, and what the application has credited itself."""
    for row in ledger:
        key, amount = key_of(row, terms.began), signed(row) if counts(row, as_of) else 0
        account.ledger += amount
        if key:
            account.posted[key] = account.posted.get(key, 0) + amount
            account.revision[key] = account.revision.get(key, 0) + 1
        elif amount > 0 and not is_restore(row):
            source = row["source"].lower()
            account.credits.append(Credit(made_at(row), source, row["id"], amount, row["expires_at"]))
        if row["created_at"] and row["created_at"] > as_of:
            account.steps.append(row["created_at"])


def closings(ledger: list[Row], terms: Terms, as_of: datetime) -> dict[datetime, datetime]:
    """End that had come → when it was closed: by its first posting since its key stood at nothing."""
    found: dict[datetime, datetime] = {}
    standing: dict[datetime, int] = defaultdict(int)
    for row in sorted(ledger, key=lambda row: (made_at(row), row["id"])):
        key = key_of(row, terms.began)
        if key is None or key[2] is None or not counts(row, as_of):
            continue
        end = key[2]
        if end != month_after(end, 0) or end > made_at(row):
            continue
        found.setdefault(end, made_at(row))
        standing[end] += signed(row)
        if standing[end] == 0:
            del found[end]
    return found


def _walk(account: Account, ledger: list[Row], terms: Terms, as_of: datetime) -> None:
    """Moment by moment: closings come before what is spent then, and credits before both."""
    events: list[tuple[datetime, int, str, str, Any]] = [
        (credit.moment, 0, credit.source, credit.id, credit) for credit in account.credits
    ]
    for end, moment in closings(ledger, terms, as_of).items():
        events.append((moment, 1, "", end.isoformat(), end))
    for row in ledger:
        own = key_of(row, terms.began) is None and counts(row, as_of)
        if own and (signed(row) < 0 or is_restore(row)):
            events.append((made_at(row), 2, "", row["id"], row))
    last = EARLIEST
    for moment, kind, _, _, event in sorted(events, key=lambda event: event[:4]):
        if kind == 0:
            last = max(last, terms.end(moment), _stated(event))
            account.credit(last, event.points)
        elif kind == 1:
            account.close(event)
        elif is_restore(event):
            then = max(moment, terms.began)
            grace = timedelta(days=(terms.at(then) or {}).get("restored_grace_days", 0))
            account.restore(month_after(then + grace), signed(event))
        else:
            account.debit(-signed(event))
    account.close(as_of)


def _stated(credit: Credit) -> datetime:
    """A stated end is rounded up to the start of a month."""
    if credit.stated_end is None:
        return EARLIEST
    return month_after(credit.stated_end - timedelta(microseconds=1))

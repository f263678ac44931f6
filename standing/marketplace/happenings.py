"""The events of loyalty.py, drawn: who does what with points and invitations, and when."""

import uuid
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np

DAY = timedelta(days=1)
#: Of the members, in four weeks: who redeem a reward, pay an order with points, get some from support,
#: invite somebody who does not come.
REDEEM, PAY, HELPED, INVITE = 0.15, 0.04, 0.004, 0.01
#: Of the redemptions those that are used, and of the others those that are given back.
USED, GIVEN_BACK = 0.55, 0.15
#: Of the orders that ended lately, those whose price goes back; a third of them as a whole.
REFUNDED, WHOLE = 0.02, 1 / 3
#: Of the new members, those whom a friend has invited.
INVITED = 0.12
#: Of the members, in four weeks: who try each of the tricks.
TRICK = 0.002


@dataclass(frozen=True)
class Reward:
    type: str
    name: str
    name_th: str
    points: int
    stock: int | None
    limit: int | None
    valid_days: int


REWARDS = (
    Reward("discount", "20 baht off", "ส่วนลด 20 บาท", 20, None, None, 30),
    Reward("shipping", "Free shipping", "ส่งฟรี", 40, None, 2, 30),
    Reward("discount", "50 baht off", "ส่วนลด 50 บาท", 50, None, 3, 14),
    Reward("gift", "A bag of coffee", "กาแฟหนึ่งถุง", 80, 40, 1, 14),
    Reward("gift", "Tote bag", "กระเป๋าผ้า", 100, 25, 1, 60),
    Reward("discount", "A tenth off for a week", "ลด 10% หนึ่งสัปดาห์", 150, None, 1, 7),
)


@dataclass(frozen=True)
class Cast:
    """Who is there, and what they do it with: rows of members, orders and newcomers, the oldest first."""

    since: datetime
    until: datetime
    days: int
    members: Sequence[Any]
    crooks: Sequence[str]
    bought: Sequence[Any]
    ended: Sequence[Any]
    joined: Sequence[Any]


@dataclass(frozen=True, order=True)
class Event:
    """A row or two of the application: `kind` names the statement in events/."""

    at: datetime
    kind: str = field(compare=False)
    values: dict[str, Any] = field(compare=False)


@dataclass(frozen=True)
class _Draw:
    """The same `text`, the same events."""

    text: str
    cast: Cast
    chance: np.random.Generator

    def key(self, *name: object) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, "/".join(map(str, (self.text, *name)))))

    def count(self, rate: float, of: int) -> int:
        """How many of them in these days; one at least."""
        return max(1, round(rate * of * self.cast.days / 28))

    def moment(self, since: datetime | None = None) -> datetime:
        begun = max(since or self.cast.since, self.cast.since)
        return begun + float(self.chance.random()) * (self.cast.until - begun)

    def some(self, rows: Sequence[Any], count: int) -> list[Any]:
        """So many of the rows at most, each once, in their order."""
        picked = self.chance.permutation(len(rows))[:count]
        return [rows[place] for place in sorted(picked)]

    def event(self, kind: str, at: datetime, **values: Any) -> Event:
        return Event(at, kind, {"at": at, **values})


def draw(text: str, cast: Cast) -> list[Event]:
    """All events in the order in which they happen; the same for the same text and cast."""
    drawing = _Draw(text, cast, np.random.default_rng([zlib.crc32(text.encode()), 31]))
    parts = (_rewards, _redemptions, _payments, _refunds, _friends, _tricks)
    events = [event for part in parts for event in part(drawing)]
    return sorted(event for event in events if event.at <= cast.until)


def _marketplace(text: str) -> str:
    """Without the number of the call."""
    return text.rpartition("/")[0]


def _reward_key(drawing: _Draw, reward: Reward) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{_marketplace(drawing.text)}/{reward.name}"))


def _rewards(drawing: _Draw) -> Iterator[Event]:
    if drawing.text.endswith("/0"):
        for reward in REWARDS:
            yield drawing.event(
                "reward", drawing.cast.since, id=_reward_key(drawing, reward), **vars(reward)
            )


def _redemptions(drawing: _Draw) -> Iterator[Event]:
    """A reward that the member likes; some vouchers are used, some redemptions are given back."""
    members, chance = drawing.cast.members, drawing.chance
    for number in range(drawing.count(REDEEM, len(members))):
        member = members[int(chance.integers(len(members)))]
        reward = REWARDS[int(chance.integers(len(REWARDS)))]
        at = drawing.moment(member.created_at)
        id_ = drawing.key("redeemed", number)
        yield drawing.event(
            "redeem",
            at,
            id=id_,
            entry=drawing.key("spent", number),
            member=member.id,
            reward=_reward_key(drawing, reward),
            points=reward.points,
            code=f"V-{id_[:8]}".upper(),
            description=reward.name,
        )
        later = at + float(chance.exponential(6)) * DAY
        if chance.random() < USED:
            yield drawing.event("use", later, id=id_)
        elif chance.random() < GIVEN_BACK:
            entry = drawing.key("given back", number)
            yield drawing.event("give_back", later, id=id_, entry=entry, description=reward.name)


def _payments(drawing: _Draw) -> Iterator[Event]:
    """Orders that are paid partly with points, which come back with the order; and what support gives."""
    for order in drawing.some(drawing.cast.bought, drawing.count(PAY, len(drawing.cast.members))):
        points = int(drawing.chance.integers(5, 61))
        paid = {"member": order.buyer_id, "source": "checkout", "about": order.id}
        yield drawing.event(
            "enter",
            order.created_at,
            **paid,
            entry=drawing.key("paid", order.id),
            type="spend",
            points=-points,
            description="Paid with points",
        )
        if order.cancelled_at:
            yield drawing.event(
                "enter",
                max(order.cancelled_at, order.created_at),
                **paid,
                entry=drawing.key("paid back", order.id),
                type="refund",
                points=points,
                description="Order cancelled",
            )
    members = drawing.cast.members
    for member in drawing.some(members, drawing.count(HELPED, len(members))):
        yield drawing.event(
            "enter",
            drawing.moment(member.created_at),
            member=member.id,
            source="support",
            about=None,
            entry=drawing.key("helped", member.id),
            type="adjust",
            points=int(drawing.chance.integers(10, 51)),
            description="With apologies",
        )


def _refunds(drawing: _Draw) -> Iterator[Event]:
    for order in drawing.some(drawing.cast.ended, round(REFUNDED * len(drawing.cast.ended)) or 1):
        whole = drawing.chance.random() < WHOLE
        part = 1.0 if whole else float(drawing.chance.integers(1, 8)) / 10
        yield drawing.event(
            "refund",
            drawing.moment(order.completed_at),
            about=order.id,
            part=part,
            entry=drawing.key("returned", order.id),
        )


def _invitation(drawing: _Draw, at: datetime, member: str, referee: str | None, why: object) -> Event:
    return drawing.event(
        "invite",
        at,
        id=drawing.key("invitation", why),
        program=drawing.key("programme", member),
        member=member,
        code=f"STD{member.replace('-', '')[:12]}".upper(),
        referee=referee,
        email=f"friend.{drawing.key('mail', why)[:8]}@example.com",
    )


def _friends(drawing: _Draw) -> Iterator[Event]:
    """New members who came by a friend, of whom another claims a few, too; friends who have not come."""
    cast, chance = drawing.cast, drawing.chance
    claimed = drawing.count(TRICK, len(cast.members))
    friends = cast.members[: max(1, len(cast.members) * 3 // 4)]
    for person in drawing.some(cast.joined, round(INVITED * len(cast.joined)) or 1):
        friend = friends[int(chance.integers(len(friends)))]
        if friend.created_at < person.created_at:
            at = max(friend.created_at, person.created_at - float(chance.random()) * 20 * DAY)
            yield _invitation(drawing, at, friend.id, person.id, person.id)
            if claimed:
                claimed -= 1
                other = cast.members[int(chance.integers(len(cast.members)))].id
                late = drawing.moment(person.created_at)
                yield _invitation(drawing, late, other, person.id, f"claimed {person.id}")
    for member in drawing.some(cast.members, drawing.count(INVITE, len(cast.members))):
        yield _invitation(drawing, drawing.moment(member.created_at), member.id, None, member.id)


def _tricks(drawing: _Draw) -> Iterator[Event]:
    """Oneself, an older member, and crooks in a circle."""
    cast = drawing.cast
    few = drawing.count(TRICK, len(cast.members))
    for member in drawing.some(cast.members, few):
        at = drawing.moment(member.created_at)
        yield _invitation(drawing, at, member.id, member.id, f"self {member.id}")
    pairs = drawing.some(cast.members, 2 * few)
    for older, younger in zip(pairs[::2], pairs[1::2], strict=False):
        at = drawing.moment(younger.created_at)
        yield _invitation(drawing, at, younger.id, older.id, f"older {older.id}")
    ring = drawing.some(cast.crooks, 4)
    for place, crook in enumerate(ring if len(ring) > 1 else ()):
        yield _invitation(drawing, drawing.moment(), crook, ring[place - 1], f"ring {crook}")

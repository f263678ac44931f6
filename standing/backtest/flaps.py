"""How often tiers would have changed, and changed back, under rules of grace."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby, pairwise

from sqlalchemy import Connection, text

from standing.backtest.figures import Flaps
from standing.sql import quoted, render

#: A change that is taken back within so many days is a flap.
FLAP_DAYS = 60
#: Days of grace that are compared with the rows in force.
ALTERNATIVES = (0, 14, 30, 60)


@dataclass(frozen=True)
class Earned:
    """The tier that a shop earns from a day on."""

    shop: str
    day: date
    level: int


@dataclass(frozen=True)
class TierChange:
    """A tier that would have been published."""

    day: date
    is_up: bool


@dataclass(frozen=True)
class Period:
    """From the first midnight to the last one, both included."""

    first: date
    last: date


def flaps(connection: Connection, schema: str, period: Period) -> tuple[Flaps, ...]:
    """Under the rows in force, then under each alternative for all tiers."""
    earned = [
        Earned(*row) for row in connection.execute(text(render("backtest/tier_days.sql.j2", schema=schema)))
    ]
    policy = f"select tier_level, demotion_grace_days from {quoted(schema, 'tier_policy')}"
    in_force: dict[int, int] = {row[0]: row[1] for row in connection.execute(text(policy))}
    rules: list[tuple[str, Mapping[int, int]]] = [
        ("in force", in_force),
        *((str(days), dict.fromkeys(in_force, days)) for days in ALTERNATIVES),
    ]
    return tuple(counted(name, earned, grace, period) for name, grace in rules)


def counted(name: str, earned: Sequence[Earned], grace: Mapping[int, int], period: Period) -> Flaps:
    """The changes of all shops; `earned` is by shop and day."""
    up = down = taken_back = 0
    over = period.last - timedelta(days=FLAP_DAYS)
    for _, rows in groupby(earned, lambda one: one.shop):
        made = list(changes(list(rows), grace, period))
        counts = [one for one in made if one.day <= over]
        up += sum(one.is_up for one in counts)
        down += sum(not one.is_up for one in counts)
        taken_back += sum(
            one.is_up != after.is_up and (after.day - one.day).days <= FLAP_DAYS
            for one, after in pairwise(made)
            if one.day <= over
        )
    number = up + down
    return Flaps(name, up, down, taken_back, taken_back / number if number else None)


def changes(earned: Sequence[Earned], grace: Mapping[int, int], period: Period) -> Iterator[TierChange]:
    """Of one shop, as daily runs would have made them; `grace` has the days of each level.

    The first midnight's tier is the exact rule's. A tier that is lost stays for the days of its grace,
    which begins anew each time the tier was earned in between.
    """
    before = [one.level for one in earned if one.day <= period.first]
    published = before[-1] if before else min(grace)
    since: date | None = None
    steps = [one for one in earned if period.first < one.day <= period.last]
    ends = [*(one.day for one in steps), period.last + timedelta(days=1)][1:]
    for step, ends_on in zip(steps, ends, strict=True):
        if step.level >= published:
            since = None
            if step.level > published:
                yield TierChange(step.day, True)
                published = step.level
            continue
        since = since or step.day
        falls_on = max(step.day, since + timedelta(days=grace[published]))
        if falls_on < ends_on:
            yield TierChange(falls_on, False)
            published, since = step.level, None

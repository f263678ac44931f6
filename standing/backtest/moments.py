"""Which origins a backtest has: moments on the business's calendar whose answers are in."""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from standing.backtest.terms import Terms
from standing.errors import SettingError

STEP = re.compile(r"([1-9]\d{0,3})([dwM])")
HORIZON = re.compile(r"([1-9]\d{0,2})d")
#: How many origins there are where nobody says since when, and at most.
USUAL, MOST = 12, 400


def months_later(moment: datetime, number: int) -> datetime:
    """The same day and hour; a month without that day ends with its last one."""
    years, month = divmod(moment.month - 1 + number, 12)
    year = moment.year + years
    day = min(moment.day, monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


@dataclass(frozen=True)
class OriginRange:
    """From when to when, both included, how far apart, and how far ahead is looked."""

    first: datetime | None = None
    last: datetime | None = None
    every: str = "1M"
    horizon: str = "90d"

    def __post_init__(self) -> None:
        if STEP.fullmatch(self.every) is None:
            raise SettingError(f"--every {self.every!r} is no step", "write it like 7d, 2w or 1M")
        if HORIZON.fullmatch(self.horizon) is None:
            raise SettingError(f"--horizon {self.horizon!r} is no number of days", "write it like 90d")
        if self.first and self.last and self.first > self.last:
            first, last = self.first.isoformat(), self.last.isoformat()
            raise SettingError(f"--from {first} is after --to {last}", "swap them")

    @property
    def terms(self) -> Terms:
        return Terms(horizon=timedelta(days=int(self.horizon[:-1])))

    def stepped(self, moment: datetime, steps: int) -> datetime:
        """So many steps later on the calendar."""
        number, unit = int(self.every[:-1]) * steps, self.every[-1]
        if unit == "M":
            return months_later(moment, number)
        return moment + timedelta(days=number * (7 if unit == "w" else 1))


@dataclass(frozen=True)
class History:
    """What there is to test on. Orders are known from `begins` to `ends`, both None without any."""

    known_until: datetime
    zone: str
    begins: datetime | None
    ends: datetime | None


def origins(asked: OriginRange, history: History) -> tuple[list[datetime], list[str]]:
    """The origins, and what to say of those that are left out.

    Without a last one it is the newest whose answers are in, at the beginning of a month or day; without a
    first one there are twelve. Raises SettingError where moments were asked for and none of them can be.
    """
    if history.begins is None or history.ends is None:
        return [], ["There is no order yet: nothing can be told."]
    zone = ZoneInfo(history.zone)
    begins, ends = history.begins.astimezone(zone), history.ends.astimezone(zone)
    waited = asked.terms.horizon + asked.terms.settling
    newest = min(ends, history.known_until) - waited
    last = asked.last.astimezone(zone) if asked.last else _round(newest.astimezone(zone), asked)
    first = asked.first.astimezone(zone) if asked.first else _usual(asked, begins, last)
    moments = list(_moments(asked, first, last))
    kept = [one for one in moments if begins < one <= newest]
    said = list(_left_out(moments, begins, newest, waited.days))
    if not kept and (asked.first or asked.last):
        why = " ".join(said) or f"From {first:%Y-%m-%d} to {last:%Y-%m-%d} there is no origin."
        raise SettingError(
            f"no origin can be tested. {why}",
            f"origins from {begins:%Y-%m-%d} to {newest:%Y-%m-%d} can be, with this --horizon",
        )
    if not kept:
        said = [
            f"The first order was placed on {begins:%Y-%m-%d} and the last one on {ends:%Y-%m-%d}: what"
            f" follows an origin is known after {waited.days} days, so nothing can be told yet."
        ]
    return kept, said


def _usual(asked: OriginRange, begins: datetime, last: datetime) -> datetime:
    found = last
    for steps in range(1, USUAL):
        earlier = asked.stepped(last, -steps)
        if earlier <= begins:
            break
        found = earlier
    return found


def _round(moment: datetime, asked: OriginRange) -> datetime:
    """The beginning of its month, or of its day where steps are shorter than a month."""
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return day.replace(day=1) if asked.every.endswith("M") else day


def _moments(asked: OriginRange, first: datetime, last: datetime) -> Iterator[datetime]:
    for steps in range(MOST + 1):
        moment = asked.stepped(first, steps)
        if moment > last:
            return
        if steps == MOST:
            raise SettingError(f"that is more than {MOST} origins", "take a longer --every")
        yield moment


def _left_out(moments: list[datetime], begins: datetime, newest: datetime, waited: int) -> Iterator[str]:
    early = [one for one in moments if one <= begins]
    late = [one for one in moments if one > newest]
    if early:
        which = f"{early[0]:%Y-%m-%d}" + (f" to {early[-1]:%Y-%m-%d}" if len(early) > 1 else "")
        yield f"Left out: {which}, for the first order was placed on {begins:%Y-%m-%d}."
    if late:
        which = f"{late[0]:%Y-%m-%d}" + (f" to {late[-1]:%Y-%m-%d}" if len(late) > 1 else "")
        yield (
            f"Left out: {which}, for what follows is known after {waited} days, and orders are known until"
            f" {newest + timedelta(days=waited):%Y-%m-%d}."
        )

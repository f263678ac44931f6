"""When flows run: by the clock of the business, also in the nights when its clock is changed.

Prefect's interval counts elapsed time: where clocks are changed, a daily one is an hour off for half of the
year. Its cron follows the clock. What the clock jumps over begins earlier by the jump (02:30 in New York at
01:30 in March); what comes twice begins the first time.
"""

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from prefect.schedules import Cron, Interval, RRule, Schedule

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: Intervals count from this midnight of the business.
FIRST_DAY = datetime(2025, 1, 1)  # its zone is a setting
#: The days from then on in which a change of the clock is looked for.
DAYS = 3653


def daily(time: str, zone: str) -> tuple[Schedule, ...]:
    """Once a day, at a time such as 03:30."""
    hour, minute = (int(part) for part in time.split(":"))
    return (Cron(f"{minute} {hour} * * *", timezone=zone, slug="daily"),)


def monthly(time: str, zone: str) -> tuple[Schedule, ...]:
    """On the first of each month, at a time such as 04:30."""
    hour, minute = (int(part) for part in time.split(":"))
    return (Cron(f"{minute} {hour} 1 * *", timezone=zone, slug="monthly"),)


def every(interval: timedelta, zone: str) -> tuple[Schedule, ...]:
    """From midnight on: an interval that divides a day begins anew with each day, whole days at midnight.

    What divides an hour counts elapsed time, so that it does not pause while an hour comes twice. By the
    clock that is the same, but where clocks are changed by less than an hour (Lord Howe). The rest, such as
    seven hours, counts elapsed time, too.
    """
    if interval > DAY and interval % DAY == timedelta(0):
        days = f"DTSTART:{FIRST_DAY:%Y%m%dT%H%M%S}\nRRULE:FREQ=DAILY;INTERVAL={interval.days}"
        return (RRule(days, timezone=zone, slug="every"),)
    by_the_clock = DAY % interval == timedelta(0) and interval % timedelta(minutes=1) == timedelta(0)
    if by_the_clock and (HOUR % interval or any(change % interval for change in _changes(zone))):
        crons = _crons(interval)
        return tuple(
            Cron(cron, timezone=zone, slug="every" if number == 1 else f"every-{number}")
            for number, cron in enumerate(crons, 1)
        )
    midnight = FIRST_DAY.replace(tzinfo=ZoneInfo(zone))
    # In UTC: in a zone, Prefect takes an hour that comes twice for one.
    return (Interval(interval, anchor_date=midnight, timezone="UTC", slug="every"),)


def every_and_at_midnight(interval: timedelta, zone: str) -> tuple[Schedule, ...]:
    """As `every`, and at the midnights that it leaves out."""
    return (*every(interval, zone), *(() if DAY % interval == timedelta(0) else daily("00:00", zone)))


def _changes(zone: str) -> set[timedelta]:
    """By how much the clock of the zone is changed."""
    noon = FIRST_DAY.replace(hour=12, tzinfo=ZoneInfo(zone))
    offsets = [(noon + timedelta(days=day)).utcoffset() or timedelta(0) for day in range(DAYS)]
    return {after - before for before, after in pairwise(offsets)}


def _crons(interval: timedelta) -> list[str]:
    """A line for the hours that have the same minutes; 90 minutes have two: 0:00, 3:00, … and 1:30, …"""
    minutes: dict[int, list[int]] = {}
    for number in range(DAY // interval):
        hour, minute = divmod(number * interval // timedelta(minutes=1), 60)
        minutes.setdefault(hour, []).append(minute)
    hours: dict[tuple[int, ...], list[int]] = {}
    for hour, those in minutes.items():
        hours.setdefault(tuple(those), []).append(hour)
    return [
        f"{','.join(map(str, those))} {'*' if len(at) == 24 else ','.join(map(str, at))} * * *"
        for those, at in hours.items()
    ]

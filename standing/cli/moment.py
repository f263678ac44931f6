"""Moments as people write them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from standing.errors import SettingError
from standing.settings import current


def moment(option: str, given: str) -> datetime:
    """An option's moment; without a zone it is the business's. Raises SettingError for what is none."""
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        fix = "write it like 2026-01-31, 2026-01-31T12:00 or 2026-01-31T12:00+07:00"
        raise SettingError(f"{option} {given!r} is not a moment", fix) from None
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(current().business_time_zone))

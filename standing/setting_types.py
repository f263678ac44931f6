"""What a setting may be: types that refuse a wrong value with what is expected."""

import os
import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlparse
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("that is not a time zone of the IANA database, such as Asia/Bangkok")
    ZoneInfo(name)
    return name


def _no_quote(name: str) -> str:
    if '"' in name:
        raise ValueError("a schema's name with a double quote in it is more than dbt can read")
    return name


def _time_of_day(given: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", given):
        raise ValueError("write it as HH:MM, such as 03:30")
    return given


def _web_address(given: str) -> str:
    address = urlparse(given)
    if address.scheme not in ("http", "https") or not address.netloc:
        raise ValueError("that is not an http or https address")
    return given


def _home(given: Path) -> Path:
    try:
        given = given.expanduser()
    except RuntimeError:
        raise ValueError("there is no such account, whose home it could be") from None
    nearest = next(path for path in (given, *given.absolute().parents) if os.path.exists(path))
    if not nearest.is_dir():
        raise ValueError(f"{nearest} is no folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        if nearest != given:
            raise ValueError(f"there is none, and this account may not make one in {nearest}")
        raise ValueError("this account may not write there; let it, or name another folder")
    return given


def _milliseconds(given: Any, to_whole: ValidatorFunctionWrapHandler) -> int:
    try:
        return int(to_whole(given))
    except ValidationError:
        raise ValueError(
            "write a whole number of milliseconds, from 1000 to 31622400000, such as 3600000 for an hour"
        ) from None


Home = Annotated[Path, AfterValidator(_home)]
TimeZone = Annotated[str, AfterValidator(_known_zone)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]
Port = Annotated[int, Field(ge=1, le=65535)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(gt=0)]
#: Between runs of a schedule: milliseconds, from a second to a year.
Interval = Annotated[int, Field(ge=1000, le=366 * 86_400_000), WrapValidator(_milliseconds)]
Identifier = Annotated[str, Field(min_length=1, max_length=63), AfterValidator(_no_quote)]
#: Leaves room for what is appended, such as _replay, within PostgreSQL's 63 bytes.
SchemaStem = Annotated[str, Field(min_length=1, max_length=50), AfterValidator(_no_quote)]

"""Values as text and as JSON; files that people write, as text."""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

#: Decimals that a number may get beyond its usual ones, to be told apart from its limit.
MOST_MORE = 12
#: What Excel and others put before text in other encodings than UTF-8.
MARKS = {b"\xff\xfe\0\0": "UTF-32", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
SAVE = "save it in UTF-8"


class UnreadableFile(Exception):
    """A file is no text in UTF-8, or none at all; the message says why, for the person who edited it."""


def plural(count: int, one: str, many: str = "") -> str:
    """1 member, 2,000 members."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def amounts(documents: int, members: int = 0) -> str:
    """630 documents, the points of 12 members, or both; empty where there are none."""
    points = f"the points of {plural(members, 'member')}" if members else ""
    return " and ".join(filter(None, (plural(documents, "document") if documents else "", points)))


def were(documents: int, members: int = 0) -> str:
    """The verb of `amounts`."""
    return "was" if (documents, members) == (1, 0) else "were"


def told_apart(value: Decimal, limits: Iterable[Decimal], digits: int) -> Decimal:
    """The value rounded so that it lies on the same side of each limit as it does itself.

    It has `digits` decimals, or as many more as that takes: 4.6977 beside 4.7 is 4.698, and not 4.7.
    """
    beside = tuple(limits)
    rounded = value
    for decimals in range(digits, digits + MOST_MORE + 1):
        rounded = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
        if all(rounded.compare(one) == value.compare(one) for one in beside):
            break
    return rounded


def percent(share: Decimal, limit: Decimal | None = None) -> str:
    """A share of 1 as per cent; beside a limit with the digits that tell it apart."""
    limits = () if limit is None else (100 * limit,)
    return f"{told_apart(100 * share, limits, 1):f}%"


def plain(value: Any) -> Any:
    """Times as UTC with Z, decimals as numbers, what is not a number as null; deep."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case Decimal() | float():
            return float(value) if math.isfinite(value) else None
        case Mapping():
            return {str(key): plain(one) for key, one in value.items()}
        case list() | tuple():
            return [plain(one) for one in value]
        case _:
            return value


def text_of(path: Path) -> str:
    """The file's text; raises UnreadableFile."""
    table = path.suffix.lower() == ".csv"
    save = f'{SAVE} (in Excel: "CSV UTF-8")' if table else f"{SAVE}, as every editor can"
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UnreadableFile("is missing") from None
    except OSError as error:
        raise UnreadableFile(f"cannot be read: {error.strerror}") from None
    for mark, encoding in MARKS.items():
        if data.startswith(mark):
            raise UnreadableFile(f"is in {encoding} and not in UTF-8: {save}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        wrong = f"line {line} has the byte {data[error.start]:#04x}, which is not UTF-8"
        raise UnreadableFile(f"{wrong}: {save}") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UnreadableFile(f"line {line} has a zero byte, as UTF-16 has: {save}")
    return text

"""Values as text and as JSON."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any


def plural(count: int, one: str, many: str = "") -> str:
    """1 member, 2,000 members."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


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

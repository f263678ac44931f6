"""How far ahead of an origin is looked, and how much later the answers are read."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Terms:
    """An order that is placed within `horizon` is looked at when `settling` has passed after it."""

    horizon: timedelta = timedelta(days=90)
    settling: timedelta = timedelta(days=30)

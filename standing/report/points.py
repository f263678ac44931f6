"""Members' points as a whole: how many there are until when, what came and went, and who is left alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class PointsMoved:
    """What a run has posted, and what there has been in all; None where it is not a run's, or not known."""

    what: str
    by_this_run: int | None = None
    in_all: int | None = None


@dataclass(frozen=True)
class PointsEnd:
    """Points that end at a moment if nobody spends them; None: without an end."""

    at: datetime | None
    points: int
    members: int


@dataclass(frozen=True)
class LeftAlone:
    """Members to whom nothing is posted, and why."""

    why: str
    members: int


@dataclass(frozen=True)
class Terms:
    """By what points are earned from a moment on: name → number."""

    valid_from: datetime
    numbers: Mapping[str, int]


@dataclass(frozen=True)
class Points:
    """All members' points after a run. `outstanding` are the balances above zero, `owed` those below."""

    outstanding: int
    members: int
    owed: int
    owing: int
    held: int
    moved: tuple[PointsMoved, ...] = ()
    ends: tuple[PointsEnd, ...] = ()
    left_alone: tuple[LeftAlone, ...] = ()
    terms: Terms | None = None

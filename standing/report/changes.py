"""What a report says of changed documents: how many of each target, how they differ, and which labels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

#: Of classes of a change, those that move nobody and name what is another one now.
Replaced = Literal["wording", "evidence"]


@dataclass(frozen=True)
class Change:
    """Documents of one target, or members whose points it posts; `candidates` is the sum of `changed`,
    `unchanged` and `clock_only`.
    """

    target: str
    table: str
    column: str
    candidates: int
    changed: int
    written: int  # by this run: those changed and the clock's, or fewer where it stopped
    unchanged: int
    clock_only: int = 0  # differ only in last_calculated or next_review
    by_class: Mapping[str, int] = field(default_factory=dict)  # of the changed: level, points, …
    is_points: bool = False  # members' points, and no documents


@dataclass(frozen=True)
class ReplacedValue:
    """A label of policy, or evidence, that is another one in so many documents; one of so many pairs."""

    target: str
    change: Replaced
    key: str
    documents: int
    pairs: int
    before: str | None
    after: str | None

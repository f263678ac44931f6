"""Members who move, as data: who, from where to where, and because of what."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

#: Of a move: a level or tier is lost, gained, or stays while the points move; other numbers move.
Direction = Literal["down", "up", "stays", "other"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)


@dataclass(frozen=True)
class FactorChange:
    """A factor whose points differ, or a number of the document; None: it was not or is no longer there."""

    code: str
    label_en: str
    label_th: str
    before: Decimal | None
    after: Decimal | None


@dataclass(frozen=True)
class MemberChange:
    """A member whose document changes, with the factors or numbers that differ, the largest first.

    `direction` is by level or tier; `alike` is how many move so by the same `cause`.
    """

    target: str
    member_id: str
    before: Decimal | None
    after: Decimal | None
    step_before: str | None = None  # level or tier
    step_after: str | None = None
    factors: tuple[FactorChange, ...] = ()
    requirement: str | None = None  # of the level or tier lost or gained: it may be what changed
    direction: Direction = "stays"
    cause: str = ""
    alike: int = 1
    unit: str = "members"  # or shops


def by_cause(changes: Iterable[MemberChange]) -> list[list[MemberChange]]:
    """Those who move the same way by one cause together: losses first, then by how many they are."""
    found: dict[tuple[str, str, str], list[MemberChange]] = {}
    for one in changes:
        found.setdefault((one.direction, one.target, one.cause), []).append(one)
    rank = DIRECTIONS.index
    return sorted(found.values(), key=lambda alike: (rank(alike[0].direction), -alike[0].alike))

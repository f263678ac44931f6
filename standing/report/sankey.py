"""The geometry of a flow picture: who moved between levels or tiers, as bands between two columns.

Only members who moved are drawn; a thousand that stayed would hide the ten that did not. Highest at
the top, so a band that rises is a promotion. Widths are in px and proportional to members, but never
thinner than can be seen.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from standing.report.content import Ladder, Movement, Step
from standing.report.wording import name
from standing.text import plural

NEW = "New"  # the column's name for members who had none
_INNER = 150.0  # px between the columns
_THINNEST = 2.0
_GAP = 12.0
_TALLEST = 110.0  # px of all members of the largest flow
_POINTS = 16  # of a band's curve


@dataclass(frozen=True)
class Post:
    """One level in one of the two columns, `members` leaving (left) or arriving (right)."""

    label: str
    members: int
    left: bool
    x: float
    top: float
    bottom: float
    label_at: float


@dataclass(frozen=True)
class Band:
    """Members of one movement. `outline` holds x, top and bottom of its curve."""

    direction: str  # up, down, new
    outline: list[dict[str, object]]


@dataclass(frozen=True)
class Flow:
    """A flow picture ready to draw, with the counts its caption needs."""

    counted: dict[str, int]  # members by direction: up, down, new
    stayed: int
    unit: str  # what one of them is called: member, shop
    labels: tuple[tuple[str, str], ...]  # code, label; lowest first
    bands: list[Band] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    width: float = _INNER
    height: float = 0.0

    @property
    def moved(self) -> int:
        return sum(self.counted.values())

    @property
    def described(self) -> str:
        # Without a tense: a run that was stopped would have moved them.
        moves = {
            "up": self.counted["up"],
            "down": self.counted["down"],
            "placed for the first time": self.counted["new"],
            "where they were": self.stayed,
        }
        words = [f"{plural(number, self.unit)} {how}" for how, number in moves.items() if number]
        return ", ".join(words) + "." if words else f"No {self.unit}s."


def moved(movements: Sequence[Movement]) -> int:
    """How many changed their level or tier, or were given one."""
    return sum(one.members for one in movements if one.before != one.after)


def flow_of(movements: Sequence[Movement], ladder: Ladder | None, most: int = 0) -> Flow:
    """The flow of one target's movements. Without a ladder, codes rank by their first appearance.

    `most` is how many move in the largest flow beside it, so that a member is as thick in all of them.
    """
    unit = ladder.unit if ladder else "member"
    steps = list(ladder.steps) if ladder else []
    known = {step.code for step in steps}
    for code in [one.after for one in movements] + [one.before for one in movements if one.before]:
        if code not in known:
            known.add(code)
            steps.append(Step(code))
    rank: dict[str | None, int] = {step.code: place for place, step in enumerate(steps)}
    labels = tuple((step.code, step.label_en or name(step.code)) for step in steps)
    moves = [one for one in movements if one.before != one.after and one.members > 0]
    counted = {"up": 0, "down": 0, "new": 0}
    for one in moves:
        counted[_direction(one, rank)] += one.members
    stayed = sum(one.members for one in movements if one.before == one.after)
    if not moves:
        return Flow(counted, stayed, unit, labels)
    bands, posts, height = _drawn(moves, rank, dict(labels), max(most, moved(moves)))
    return Flow(counted, stayed, unit, labels, bands, posts, height=height)


def _direction(move: Movement, rank: dict[str | None, int]) -> str:
    if move.before is None:
        return "new"
    return "up" if rank[move.after] > rank[move.before] else "down"


def _drawn(
    moves: list[Movement], rank: dict[str | None, int], labels: dict[str, str], total: int
) -> tuple[list[Band], list[Post], float]:
    lefts = sorted({one.before for one in moves}, key=lambda code: -rank.get(code, -1))
    rights = sorted({one.after for one in moves}, key=lambda code: -rank[code])
    height = 60.0 + 34.0 * max(len(lefts), len(rights))
    thick = {id(one): _THINNEST + _TALLEST * one.members / total for one in moves}
    tallest = sum(thick.values()) + _GAP * max(len(lefts), len(rights))
    height = max(height, tallest)
    moves = sorted(moves, key=lambda one: (-rank.get(one.before, -1), -rank[one.after]))
    posts: list[Post] = []
    starts: dict[tuple[bool, str | None], float] = {}
    for left, codes in ((True, lefts), (False, rights)):
        mine = [
            (code, [one for one in moves if (one.before if left else one.after) == code]) for code in codes
        ]
        tall = sum(thick[id(one)] for one in moves) + _GAP * (len(codes) - 1)
        top = (height - tall) / 2
        for code, its in mine:
            bottom = top + sum(thick[id(one)] for one in its)
            starts[left, code] = top
            label = NEW if code is None else labels[code]
            x = 0.0 if left else _INNER - 5
            posts.append(
                Post(label, sum(one.members for one in its), left, x, top, bottom, (top + bottom) / 2)
            )
            top = bottom + _GAP
    bands = []
    for one in moves:
        begin, end = starts[True, one.before], starts[False, one.after]
        starts[True, one.before] += thick[id(one)]
        starts[False, one.after] += thick[id(one)]
        bands.append(Band(_direction(one, rank), _curve(begin, end, thick[id(one)])))
    return bands, posts, height


def _curve(begin: float, end: float, thick: float) -> list[dict[str, object]]:
    points: list[dict[str, object]] = []
    for at in range(_POINTS + 1):
        eased = (1 - math.cos(math.pi * at / _POINTS)) / 2
        top = begin + (end - begin) * eased
        x = 5 + (_INNER - 10) * at / _POINTS
        points.append({"x": round(x, 1), "top": round(top, 2), "bottom": round(top + thick, 2)})
    return points

"""What made a run happen, as data: cells of policy, models, macros, settings and columns that changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

NAMED = 5  # in one line; a page has all
_LONGEST = 60  # characters of a cell in one line
#: How a kind is called before a name; policy tables, settings and columns are known by theirs.
_CALLED = {"model": "model ", "macro": "macro "}


@dataclass(frozen=True)
class Cause:
    """One thing that differs from what the published documents were made by.

    Of policy `name` is the table, `key` the row and `column` the cell; without a column the row is new or
    gone, and without a key no more is known than that the table changed. `before` and `after` are None
    where there is or was nothing, or where only the change is known.
    """

    kind: Literal["policy", "model", "macro", "code", "setting", "column"]
    name: str
    key: str = ""
    column: str = ""
    before: str | None = None
    after: str | None = None

    @property
    def where(self) -> str:
        """Such as: trust_levels silver.min_score."""
        place = ".".join(filter(None, (self.key, self.column)))
        return f"{_CALLED.get(self.kind, '')}{self.name}{' ' if place else ''}{place}"

    @property
    def words(self) -> str:
        """Such as: trust_levels silver.min_score: 60 → 64."""
        if self.before is None and self.after is None:
            return self.where if self.kind in _CALLED else f"{self.where} changed"
        return f"{self.where}: {_shown(self.before)} → {_shown(self.after)}"


def in_one_line(causes: Iterable[Cause]) -> str:
    """The first of them, and how many more there are; empty where there is none."""
    found = [one.words for one in causes]
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return f"{'; '.join(found[:NAMED])}{more}"


def _shown(value: str | None) -> str:
    if value is None:
        return "none"
    one_line = " ".join(value.split())
    return one_line if len(one_line) <= _LONGEST else f"{one_line[: _LONGEST - 1]}…"

"""The words in which a published document is declared: keys, each with everything that anybody asks of it.

The upgrade takes the defaults, the audits types and ranges, `why` the sources, docs/metrics.md all of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final, Literal

from standing.contract.declare import Default

#: What a key's value is. A moment is UTC with Z; an earlier one was published before, in its spelling then;
#: a local one is of a column without a zone, on the clock of SOURCE_TIME_ZONE.
Type = Literal["number", "text", "flag", "list", "object", "moment", "earlier moment", "local moment"]
#: Who may see a key: everybody, the member and operators, or operators alone.
Audience = Literal["public", "member", "operator"]
#: What it means that a key's value is another one, the gravest first: where a member stands, what was
#: measured, what that was measured from, how policy words it, and the passing of time.
Change = Literal["level", "points", "evidence", "wording", "clock"]
CHANGES: Final[tuple[Change, ...]] = ("level", "points", "evidence", "wording", "clock")
#: The document's own scale of a rate: stars for a mean, hundredths for a percentage.
MEAN, PERCENT = 1, 100


@dataclass(frozen=True)
class Moment:
    """The default of a key that holds a time: the moment of the insert, and an interval later."""

    later: str = ""


class _Absent(Enum):
    """The default of a key that the migration guide does not have; one object in every process."""

    ABSENT = "absent"


ABSENT: Final = _Absent.ABSENT


@dataclass(frozen=True)
class Key:
    """One key of a document, or of an object in it.

    `default` is the migration guide's. `sources` are the application's tables, seeds or other keys that it
    comes from. A number is not below `lowest` nor above `highest`; a text is one of `words`. A rate's
    `evidence` gives its value on the rate's `scale`. An object has `keys`, and each element of a list has
    them, of which the first tells elements apart; a list without is one of texts. A nullable key is there
    and may be null. `clock` says that the key moves with time alone: as the moment of the last change, or
    as the one of the next review. `change` is what another value means, where its type does not tell.
    """

    name: str
    type: Type
    meaning: str
    unit: str = ""
    audience: Audience = "public"
    default: Any = ABSENT
    sources: tuple[str, ...] = ()
    lowest: float | None = None
    highest: float | None = None
    words: tuple[str, ...] = ()
    scale: int | None = None
    keys: tuple["Key", ...] = ()
    nullable: bool = False
    clock: Literal["changed", "review"] | None = None
    change: Change | None = None

    @property
    def parts(self) -> Iterator["Part"]:
        """Its values that change apart: those of its keys, or its own."""
        if self.change is not None or not self.keys:
            yield Part("$", self.name, self.change or self._kind)
            return
        inside, named_by = f"$.{self.name}", ""
        if self.type == "list":
            inside, named_by = f"{inside}[*]", self.keys[0].name
        for part in (part for key in self.keys for part in key.parts):
            within = inside + part.within.removeprefix("$")
            yield replace(part, within=within, named_by=part.named_by or named_by)

    @property
    def _kind(self) -> Change:
        if self.clock:
            return "clock"
        if self.type == "moment":
            return "evidence"
        return "points" if self.type == "number" else "level"


@dataclass(frozen=True)
class Part:
    """The values of the key `name` in the objects at `within`, a path of SQL/JSON, and what a change means.

    `$` is the document. `named_by` is the key that tells the objects apart, where they are of a list.
    """

    within: str
    name: str
    change: Change
    named_by: str = ""


@dataclass(frozen=True)
class Document:
    """`about` says what the document is, in one sentence."""

    about: str
    keys: tuple[Key, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(key.name for key in self.keys)

    def key(self, name: str) -> Key:
        return next(key for key in self.keys if key.name == name)

    @property
    def parts(self) -> tuple[Part, ...]:
        """All that may change in it."""
        return tuple(part for key in self.keys for part in key.parts)

    @property
    def default(self) -> Default:
        """What the upgrade gives: the keys of the guide with its values."""
        given = {key.name: key.default for key in self.keys if key.default is not ABSENT}
        return Default(
            {name: value for name, value in given.items() if not isinstance(value, Moment)},
            {name: value.later for name, value in given.items() if isinstance(value, Moment)},
        )

    @property
    def clock_fields(self) -> tuple[str, ...]:
        return tuple(key.name for key in self.keys if key.clock)

    @property
    def review_field(self) -> str | None:
        return next((key.name for key in self.keys if key.clock == "review"), None)

    @property
    def rates(self) -> tuple[Key, ...]:
        return tuple(key for key in self.keys if key.scale)

    @property
    def sources(self) -> dict[str, tuple[str, ...]]:
        """Key → where it comes from; a key that is not here comes from the document's own policy."""
        return {key.name: key.sources for key in self.keys if key.sources}


def amount(name: str, unit: str, meaning: str, *sources: str, **more: Any) -> Key:
    """A number that is 0 while nothing is known, such as a count, a duration or a sum."""
    return Key(name, "number", meaning, unit, sources=sources, **{"default": 0, **more})


def count(name: str, unit: str, meaning: str, *sources: str, **more: Any) -> Key:
    """An amount that cannot be below zero."""
    return amount(name, unit, meaning, *sources, **{"lowest": 0, **more})


def percentage(name: str, meaning: str, *sources: str, **more: Any) -> Key:
    """A rate from 0 to 100 with its evidence."""
    return amount(name, "%", meaning, *sources, **{"lowest": 0, "highest": 100, "scale": PERCENT, **more})


def stars(name: str, meaning: str, *sources: str, **more: Any) -> Key:
    """A mean of ratings."""
    return amount(name, "stars", meaning, *sources, **{"lowest": 0, "highest": 5, **more})


def text(name: str, meaning: str, *sources: str, **more: Any) -> Key:
    return Key(name, "text", meaning, sources=sources, **more)


def changed_at(name: str) -> Key:
    """The clock of a document."""
    meaning = "The moment of the run that last changed the content."
    return Key(name, "moment", meaning, audience="member", default=Moment(), clock="changed")


def evidence(meaning: str) -> Key:
    """What the document was calculated from; its keys depend on what there was."""
    return Key("evidence", "object", meaning, audience="member", change="evidence")


#: The evidence of a document with rates.
RATES_EVIDENCE = evidence(
    "For each rate num, den and the first and last event counted (from, to), for smoothed ones k and prior."
    " With excluded orders, raw has the same with them."
)

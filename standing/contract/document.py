"""The words in which a published document is declared: keys, each with everything that anybody asks of it.

The upgrade takes the defaults, the audits types and ranges, `why` the sources, docs/metrics.md all of it.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal

from standing.contract.declare import Default

#: What a key's value is. A moment is UTC with Z; an earlier one was published before, in its spelling then.
Type = Literal["number", "text", "flag", "list", "object", "moment", "earlier moment"]
#: Who may see a key: everybody, the member and operators, or operators alone.
Audience = Literal["public", "member", "operator"]
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
    them; a list without is one of texts. A nullable key is there and may be null. `clock` says that the key
    moves with time alone: as the moment of the last change, or as the one of the next review.
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
    return Key("evidence", "object", meaning, audience="member")


#: The evidence of a document with rates.
RATES_EVIDENCE = evidence(
    "For each rate num, den and the first and last event counted (from, to), for smoothed ones k and prior."
    " With excluded orders, raw has the same with them."
)

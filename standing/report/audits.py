"""What the audits of a run saw, as a report says it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from standing.contract.application import SOURCES
from standing.text import plural

#: Severities of an expectation that is not met; "info" is one that could not be checked.
UNMET = ("critical", "warning")
#: How the expectations about the newest row of a table are called.
LATE = "_are_fresh"
#: And those about a column that has to have a value; so many are said in a message.
FILLED = "_is_not_null"
SAID = 2
#: What people call a column.
NAMES = {"created at": "date", "id": "key"}


@dataclass(frozen=True)
class Look:
    """A run that looked, and when."""

    run_id: int
    at: datetime


@dataclass(frozen=True)
class AuditOutcome:
    """One expectation and what was seen. `samples` are keys only.

    What a run did not look at again is carried forward from the run of `looked_at`; `seen_since` is what
    was seen in part after that. `history` says of the runs before this one, oldest first, whether it was
    unmet.
    """

    expectation: str
    severity: str  # critical, warning, info
    success: bool
    meaning: str
    action: str
    observed: str = ""
    unexpected: int | None = None
    checked: int | None = None
    samples: tuple[str, ...] = ()
    of_due: bool = False  # only the rows that a run of the due reads were looked at
    query: str = ""  # finds the rows that do not meet it
    looked_at: Look | None = None  # None: by this run
    seen_since: str = ""
    unmet_since: Look | None = None
    history: tuple[bool, ...] = ()


@dataclass(frozen=True)
class Audit:
    """One suite's outcomes."""

    suite: str
    outcomes: tuple[AuditOutcome, ...]
    seconds: float

    @property
    def unmet(self) -> tuple[AuditOutcome, ...]:
        """What is not met, whether this run or one before it has looked; not what could not be checked."""
        return tuple(one for one in self.outcomes if not one.success and one.severity in UNMET)

    @classmethod
    def from_json(cls, verdict: Mapping[str, Any]) -> Self:
        """The audit in a verdict's `to_json()`; keys it does not know are left out."""
        outcomes = []
        for one in verdict["outcomes"]:
            kept = {key: value for key, value in one.items() if key in AuditOutcome.__dataclass_fields__}
            kept["samples"] = tuple(str(sample) for sample in one.get("samples", ()))
            for look in ("looked_at", "unmet_since"):
                if kept.get(look):
                    given = kept[look]
                    kept[look] = Look(given["run_id"], datetime.fromisoformat(given["at"]))
            kept["history"] = tuple(one.get("history", ()))
            outcomes.append(AuditOutcome(**kept))
        return cls(suite=verdict["suite"], outcomes=tuple(outcomes), seconds=verdict["seconds"])


def lacking(unmet: Sequence[AuditOutcome]) -> list[str]:
    """What data lack, for a message: late data by their age, rows without a value, how many are unmet."""
    late = [one.observed for one in unmet if one.expectation.endswith(LATE)]
    if len(late) == len(unmet):
        return late
    without = [_without(one) for one in unmet if one.expectation.endswith(FILLED) and one.unexpected]
    return [*late, *without[:SAID], f"{plural(len(unmet), 'expectation is', 'expectations are')} not met"]


def _without(one: AuditOutcome) -> str:
    """Such as: 3 reviews have no date."""
    name = one.expectation.removesuffix(FILLED)
    table = max(
        (source.table for source in SOURCES if name.startswith(f"{source.table}_")), key=len, default=""
    )
    column = name.removeprefix(f"{table}_").replace("_", " ")
    rows = plural(one.unexpected or 0, table.replace("_", " ").removesuffix("s") or "row")
    return f"{rows} {'has' if one.unexpected == 1 else 'have'} no {NAMES.get(column, column)}"


def quality(unmet: Sequence[AuditOutcome]) -> str:
    """The same as sentences, for a headline."""
    if not unmet:
        return "Every expectation is met."
    return " ".join(f"{clause[:1].upper()}{clause[1:]}." for clause in lacking(unmet))

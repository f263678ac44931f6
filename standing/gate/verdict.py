"""The gate's verdict: what a build would do to the members, and whether that is within the limits."""

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Self

from sqlalchemy import Engine

from standing.contract.targets import AnyTarget
from standing.database.connect import rows
from standing.gate.radius import radius
from standing.publish.destinations import destinations
from standing.settings import Settings
from standing.text import percent, told_apart

#: What a measure's number says, in a sentence that begins with the target.
SENTENCES = {
    "changed_share": "{number} of the members change in points or level",
    "moved_up_share": "{number} of the members move up",
    "moved_down_share": "{number} of the members move down",
    "mean_shift": "the mean moves by {number}",
    "lost_values_share": "{number} of the members lose a value that they had",
    "lost_members_share": "{number} of the members have a document and no candidate",
    "issued_share": "points that are {number} of all outstanding would be issued",
    "taken_share": "points that are {number} of all outstanding would be taken back",
    "expired_share": "points that are {number} of all outstanding would expire",
    "expired_unforeseen": "what expires differs by {number} from what the last run had foreseen",
    "newly_negative_share": "{number} of the members would fall below zero",
    "left_alone_share": "{number} of the members are left alone: their balance is not their ledger's sum",
    "largest_posting": "the largest posting is of {number} points",
}


@dataclass(frozen=True)
class LimitCheck:
    """One measure of one target.

    `observed`, `warn` and `stop` are shares of 1, or in the number's own unit. A mean that falls moves by
    less than 0, and its limits hold both ways.
    """

    target: str
    measure: str
    members: int
    observed: Decimal
    warn: Decimal | None
    stop: Decimal | None
    verdict: str  # passed, warned or stopped

    @property
    def sentence(self) -> str:
        """What was seen and the limit it went over, if it did, with the digits that tell them apart."""
        limit = {"warned": self.warn, "stopped": self.stop}.get(self.verdict)
        is_share = self.measure not in NO_SHARES
        number = (
            percent(self.observed, limit) if is_share else NO_SHARES[self.measure](self.observed, limit)
        )
        sentence = SENTENCES[self.measure].format(number=number)
        if limit is None:
            return f"{self.target}: {sentence}"
        shown = f"{(100 * limit).normalize():f}%" if is_share else f"{limit.normalize():f}"
        return f"{self.target}: {sentence} (limit {shown})"


def _shift(observed: Decimal, limit: Decimal | None) -> str:
    """A mean's shift; its limit holds both ways."""
    limits = () if limit is None else (limit, -limit)
    return f"{told_apart(observed, limits, 2):+f}"


def _points(observed: Decimal, _: Decimal | None) -> str:
    return f"{observed:,.0f}"


#: Measures whose number is no share, with how that is written beside a limit.
NO_SHARES = {"mean_shift": _shift, "largest_posting": _points}


@dataclass(frozen=True)
class GateVerdict:
    """Everything the gate looked at."""

    checks: tuple[LimitCheck, ...] = ()

    def over(self, verdict: str) -> tuple[LimitCheck, ...]:
        """The checks that ended as `verdict`."""
        return tuple(one for one in self.checks if one.verdict == verdict)

    @property
    def words(self) -> str:
        """One line for people."""
        over = (*self.over("stopped"), *self.over("warned"))
        return "; ".join(one.sentence for one in over) or "within the limits"

    @property
    def stopped(self) -> bool:
        return bool(self.over("stopped"))

    @property
    def warned(self) -> bool:
        return bool(self.over("warned"))

    @classmethod
    def from_json(cls, given: list[dict[str, Any]]) -> Self:
        """The verdict in `to_json()`."""
        known = LimitCheck.__dataclass_fields__
        checks = []
        for one in given:
            kept: dict[str, Any] = {key: value for key, value in one.items() if key in known}
            for number in ("observed", "warn", "stop"):
                kept[number] = None if kept[number] is None else Decimal(str(kept[number]))
            checks.append(LimitCheck(**kept))
        return cls(tuple(checks))

    def to_json(self) -> list[dict[str, Any]]:
        """The checks as JSON values."""
        return [
            {
                key: float(value) if isinstance(value, Decimal) else value
                for key, value in asdict(one).items()
            }
            | {"sentence": one.sentence}
            for one in self.checks
        ]


def measure(engine: Engine, settings: Settings, targets: tuple[AnyTarget, ...]) -> GateVerdict:
    """Measure the build in `settings.build_schema`, whose changes have been found."""
    checks = []
    for place in destinations(settings, targets):
        with engine.connect() as connection:
            for target in place.targets:
                found = rows(connection, radius(place, target))
                checks += [LimitCheck(target=target.name, **row) for row in found]
    return GateVerdict(tuple(checks))

"""What an audit is asked and what it answers: plain data, picklable, free of Great Expectations."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from standing.contract.targets import AnyTarget

#: A failed critical expectation stops the run; a warning is reported; info says what was not checked.
SEVERITIES = ("critical", "warning", "info")
#: Why a comparison with earlier runs was not made.
FIRST = "no run has published yet: nothing to compare with"


class AuditError(Exception):
    """The audit itself could not be made: no connection, an unknown suite, a broken query.

    `message` says what happened to which object, without credentials or values; `fix` what helps.
    """

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message, fix)  # both, so that it survives pickling
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message}\n  fix: {self.fix}" if self.fix else self.message


@dataclass(frozen=True)
class AuditScope:
    """Where to look. `url` is an SQLAlchemy URL and may hold a password, so it is never shown.

    A `timestamp` without zone is read in `source_time_zone`. With `data_docs`, a folder, Great Expectations
    also writes its own pages there, one subfolder a suite. With `due_only` rows of the members are looked
    at whom the run builds, by the build's tables of the due; what is asked of a table of the sources as a
    whole is asked all the same. With `is_first` nothing was published before: what nobody could compare yet
    has to be believable.
    """

    url: str = field(repr=False)
    build_schema: str
    application_schema: str
    targets: tuple[AnyTarget, ...]
    source_time_zone: str = "UTC"
    data_docs: str = ""
    due_only: bool = False
    is_first: bool = False


@dataclass(frozen=True)
class ExpectationResult:
    """One expectation and what was seen.

    `unexpected` and `checked` are true counts of rows, None where rows are not what is counted;
    `samples` are a few keys of failing rows, never other values, and `query` finds all of them. `of_due`
    says that only the rows that a run of the due reads were looked at. What could not be checked has the
    severity info, and `observed` says why.
    """

    expectation: str
    severity: str
    success: bool
    meaning: str
    action: str
    observed: str
    unexpected: int | None = None
    checked: int | None = None
    samples: tuple[str, ...] = ()
    of_due: bool = False
    query: str = ""


@dataclass(frozen=True)
class Verdict:
    """All outcomes of one suite, failures first, and how long it took with imports."""

    suite: str
    outcomes: tuple[ExpectationResult, ...]
    seconds: float

    def failures(self, severity: str) -> tuple[ExpectationResult, ...]:
        return tuple(one for one in self.outcomes if not one.success and one.severity == severity)

    @property
    def passed(self) -> bool:
        """No critical expectation failed: the run may go on."""
        return not self.failures("critical")

    @property
    def warned(self) -> bool:
        return bool(self.failures("warning"))

    def to_json(self) -> dict[str, Any]:
        """The verdict as JSON values, `passed` and `warned` included."""
        return {**asdict(self), "passed": self.passed, "warned": self.warned}


def in_order(outcomes: Sequence[ExpectationResult]) -> tuple[ExpectationResult, ...]:
    """Failures first, gravest first, else as given."""
    return tuple(sorted(outcomes, key=lambda one: (one.success, SEVERITIES.index(one.severity))))

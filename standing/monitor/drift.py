"""What a reconciliation found: documents that differ from a full recompute, and why."""

from dataclasses import dataclass, field
from typing import Any

from standing.errors import Drifted, StandingError
from standing.run.outcome import RunOutcome
from standing.text import plural

MEND = "standing reconcile --mend"


@dataclass(frozen=True)
class Drift:
    """One document that differs from a full recompute, and why."""

    target: str
    member_id: str
    cause: str


@dataclass(frozen=True)
class Reconciliation:
    """`run` is the incremental run before the comparison; without a published one nothing was compared.

    `documents` were compared. `counts` is target → cause → those that differ; `drift` names the first of
    each. `meanwhile` counts those of members whom a change reached after the run, `held` those that an undo
    holds and nothing compares. `left_out` are the targets that await a decision, and `mended` is the run
    that wrote the differing ones anew.
    """

    run: RunOutcome
    documents: int = 0
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    drift: tuple[Drift, ...] = ()
    meanwhile: int = 0
    held: int = 0
    left_out: tuple[str, ...] = ()
    mended: RunOutcome | None = None

    @property
    def compared(self) -> bool:
        return self.run.status == "published" or bool(self.run.published)

    @property
    def number(self) -> int:
        return sum(sum(causes.values()) for causes in self.counts.values())

    @property
    def differing(self) -> str:
        differ = plural(self.number, "document differs", "documents differ")
        return f"{differ} from a full recompute, of {self.documents:,} compared"

    @property
    def causes(self) -> str:
        """Where the differing documents are, and why they differ; empty if none does."""
        return "; ".join(
            f"{target}: {number:,} where {cause}"
            for target, causes in self.counts.items()
            for cause, number in causes.items()
        )

    @property
    def result(self) -> str:
        """The result in one sentence, for the run and its report."""
        result = self.differing
        if self.meanwhile:
            result += f", and {self.meanwhile:,} of members whom a change reached meanwhile"
        if self.left_out:
            result += f"; {', '.join(self.left_out)} was left out and awaits a decision"
        return result + (f"; {self.held:,} held since an undo were left out" if self.held else "")

    @property
    def error(self) -> StandingError | None:
        """What a command ends with: the run's own error, or the drift that was not mended."""
        if self.run.error is not None or not self.number or self.mended is not None:
            return self.run.error or (self.mended.error if self.mended else None)
        return Drifted(f"{self.differing}: {self.causes}", MEND)

    @property
    def message(self) -> str:
        if not self.compared:
            return f"run {self.run.run_id}: {self.run.status}: {self.run.message}; nothing was compared"
        mended = f"; mended by run {self.mended.run_id}" if self.mended else ""
        return f"run {self.run.run_id}: {self.result}{mended}"

    def to_json(self) -> dict[str, Any]:
        return {
            "run_id": self.run.run_id,
            "status": self.run.status,
            "compared": self.documents if self.compared else None,
            "drift": self.number if self.compared else None,
            "counts": self.counts,
            "members": [vars(one) for one in self.drift],
            "meanwhile": self.meanwhile,
            "held": self.held,
            "left_out": list(self.left_out),
            "mended_by": self.mended.run_id if self.mended else None,
        }

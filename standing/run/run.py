"""A run at work: what was asked for, its stages, and what each stage gave."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy import Engine

from standing.audit import Auditor, Verdict
from standing.build.checkout import Checkout
from standing.build.dbt import NodeResult
from standing.contract.targets import AnyTarget
from standing.database.lock import RunLock
from standing.findings.movements import Effects
from standing.gate.verdict import GateVerdict
from standing.incremental.plan import Plan
from standing.publish.publish import TargetChanges
from standing.report.causes import Cause
from standing.settings import Settings
from standing.text import plural


class StageOutput(Protocol):
    """What a stage gives: `words` is one line for people."""

    @property
    def words(self) -> str: ...


@dataclass(frozen=True)
class Built:
    """The seeds, models and data tests that dbt has ended."""

    nodes: tuple[NodeResult, ...]

    @property
    def words(self) -> str:
        kinds = [node.kind for node in self.nodes]
        return ", ".join(
            plural(kinds.count(kind), kind) for kind in ("seed", "model", "test") if kind in kinds
        )


@dataclass(frozen=True)
class Audited:
    """One suite's verdict; `effects` is whom the run moves, where that was counted beside it."""

    verdict: Verdict
    effects: Effects | None = None

    @property
    def words(self) -> str:
        warnings = plural(len(self.verdict.failures("warning")), "warning")
        expectations = plural(len(self.verdict.outcomes), "expectation")
        return f"{expectations}, {warnings} in {self.verdict.seconds:.1f} s"


@dataclass(frozen=True)
class Changes:
    """Which documents differ from what is published, and what the gate makes of it, if it is asked."""

    targets: tuple[TargetChanges, ...]
    measured: GateVerdict = field(default_factory=GateVerdict)

    @property
    def words(self) -> str:
        return ", ".join(one.words for one in self.targets)


@dataclass(frozen=True)
class Written:
    """Target → documents written, and documents left as they were because they had changed since they were
    compared, with the keys of some of these.
    """

    documents: dict[str, int]
    left: dict[str, int] = field(default_factory=dict)
    named: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def words(self) -> str:
        return ", ".join(f"{name}: {number:,} written" for name, number in self.documents.items())


AnyOutput = TypeVar("AnyOutput", bound=StageOutput)


@dataclass(frozen=True)
class Request:
    """What is asked for. `as_of` in the past makes the run a replay: it publishes nothing."""

    selection: str = "all"
    as_of: datetime | None = None
    full: bool = False


@dataclass(frozen=True)
class StageResult:
    """How a stage went: `status` is done, failed or stopped (by the gate), `detail` one line for people."""

    name: str
    seconds: float
    status: str
    detail: str


@dataclass
class Run:
    """A run at work: what it was given, and what its stages gave, in their order."""

    settings: Settings
    engine: Engine
    request: Request
    targets: tuple[AnyTarget, ...]
    run_id: int
    as_of: datetime
    started_at: datetime
    lock: RunLock
    auditor: Auditor
    #: The folder at work, where it is a clone of the repository.
    checkout: Checkout | None = None
    #: The stopped run whose documents it publishes, and what had made that one happen.
    approves: int | None = None
    approved_causes: tuple[Cause, ...] = ()
    #: Targets of the selection that it leaves alone, each with the stopped run that awaits a decision.
    waits_for: Mapping[str, int] = field(default_factory=dict)
    #: Of its own targets those that the gate holds: they are not published.
    held: tuple[AnyTarget, ...] = ()
    stages: list[StageResult] = field(default_factory=list)
    parts: list[StageOutput] = field(default_factory=list)
    #: Audits that were begun and are waited for later.
    begun: dict[str, Future[Verdict]] = field(default_factory=dict)

    def last(self, kind: type[AnyOutput]) -> AnyOutput | None:
        """What the last stage that gave such a part gave; None where none has yet."""
        return next((part for part in reversed(self.parts) if isinstance(part, kind)), None)

    @property
    def plan(self) -> Plan | None:
        """What the run builds; None before it is made, and for an approval, which builds nothing."""
        return self.last(Plan)

    @property
    def causes(self) -> tuple[Cause, ...]:
        """What differs from what was published before."""
        return self.plan.causes if self.plan else self.approved_causes

    @property
    def required_plan(self) -> Plan:
        """The plan, for the stages that come after it."""
        assert self.plan is not None  # noqa: S101 - the first stage gives it
        return self.plan

    @property
    def is_idle(self) -> bool:
        """Nobody is due: nothing is to be built, audited or written."""
        return self.plan is not None and self.plan.nobody and not self.is_replay

    @property
    def builds_everybody(self) -> bool:
        return self.plan is not None and self.plan.everybody

    @property
    def audits(self) -> list[Audited]:
        return [part for part in self.parts if isinstance(part, Audited)]

    @property
    def changes(self) -> tuple[TargetChanges, ...]:
        found = self.last(Changes)
        return found.targets if found else ()

    @property
    def measured(self) -> GateVerdict:
        """What the gate is going to say of the changes."""
        found = self.last(Changes)
        return found.measured if found else GateVerdict()

    @property
    def gate(self) -> GateVerdict:
        """What the gate said, once it was asked."""
        return self.last(GateVerdict) or GateVerdict()

    @property
    def free(self) -> tuple[AnyTarget, ...]:
        """The targets that it publishes."""
        return tuple(target for target in self.targets if target not in self.held)

    @property
    def written(self) -> Written:
        return self.last(Written) or Written({})

    @property
    def is_replay(self) -> bool:
        return self.request.as_of is not None

    @property
    def command(self) -> str:
        """What begins it again."""
        return "standing run" if self.approves is None else f"standing approve {self.approves}"

    def has_done(self, stage: str) -> bool:
        return any(one.name == stage and one.status == "done" for one in self.stages)

    def has_failed(self, stage: str) -> bool:
        return any(one.name == stage and one.status == "failed" for one in self.stages)


@dataclass(frozen=True)
class Stage:
    """One step of a run; `work` gives its part and raises StandingError to stop the run."""

    name: str
    work: Callable[[Run], StageOutput]
    writes: bool = False  # touches the application's rows, so a replay leaves it out
    always: bool = False  # is taken by every run; the others, where somebody is due

    def is_left_out_by(self, run: Run) -> bool:
        return (self.writes and run.is_replay) or (run.is_idle and not self.always)

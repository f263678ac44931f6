"""A run at work: what was asked for, its stages, and what they leave for each other."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from expectations import Verdict
from standing.audit import Auditor
from standing.build import dbt
from standing.contract.targets import Target
from standing.database.lock import RunLock
from standing.findings.movements import Effects
from standing.gate.verdict import GateVerdict
from standing.incremental.plan import NOBODY, Due
from standing.publish.publish import TargetChanges
from standing.settings import Settings


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
    """A run at work; stages read what earlier ones left here."""

    settings: Settings
    engine: Engine
    request: Request
    targets: tuple[Target, ...]
    run_id: int
    as_of: datetime
    started_at: datetime
    lock: RunLock
    auditor: Auditor
    due: Due = NOBODY
    stages: list[StageResult] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    nodes: list[dbt.NodeResult] = field(default_factory=list)
    changes: list[TargetChanges] = field(default_factory=list)
    #: What the gate will judge, once it is measured; its verdict.
    measured: GateVerdict | None = None
    gate: GateVerdict = field(default_factory=GateVerdict)
    written: dict[str, int] = field(default_factory=dict)
    #: The stopped run whose documents it publishes, and of them, by target, those that had changed since.
    approves: int | None = None
    left: dict[str, int] = field(default_factory=dict)
    #: Whom it moves, once that is counted.
    effects: Effects | None = None
    report: Path | None = None
    #: Policy and staging are in the build's schema as they should be, and stay as they are.
    is_prepared: bool = False
    #: Audits that were begun and are waited for later.
    begun: dict[str, Future[Verdict]] = field(default_factory=dict)

    @property
    def is_replay(self) -> bool:
        return self.request.as_of is not None

    @property
    def command(self) -> str:
        """What begins it again."""
        return "standing run" if self.approves is None else f"standing approve {self.approves}"

    def has_done(self, stage: str) -> bool:
        return any(one.name == stage and one.status == "done" for one in self.stages)


@dataclass(frozen=True)
class Stage:
    """One step of a run; `work` gives one line for people and raises StandingError to stop the run."""

    name: str
    work: Callable[[Run], str]
    writes: bool = False  # touches the application's rows, so a replay leaves it out

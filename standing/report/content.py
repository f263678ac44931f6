"""What a report says, as data: a tree of frozen dataclasses, made by the run, written as HTML and JSON.

Every list may be empty and every default stands for "nothing to say", so a run that stopped early is a
report too. Texts are plain, never HTML; members appear by key only. `schema.json` has the tree as JSON.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from standing.report.audits import Audit as Audit
from standing.report.audits import AuditOutcome as AuditOutcome
from standing.report.audits import Look as Look
from standing.report.background import Day as Day
from standing.report.background import Lineage as Lineage
from standing.report.background import OverTime as OverTime
from standing.report.causes import Cause
from standing.report.changes import Change, ReplacedValue
from standing.report.foretold import AtOrigin as AtOrigin
from standing.report.foretold import Foretold as Foretold
from standing.report.foretold import Share as Share
from standing.report.moves import MemberChange
from standing.report.points import LeftAlone as LeftAlone
from standing.report.points import Points as Points
from standing.report.points import PointsEnd as PointsEnd
from standing.report.points import PointsMoved as PointsMoved
from standing.report.points import Terms as Terms
from standing.text import plain

SCHEMA_VERSION = 1
Status = Literal["passed", "warned", "stopped", "failed"]


@dataclass(frozen=True)
class RunFacts:
    """Which run this was. All three times carry a zone (ValueError otherwise)."""

    run_id: int
    selection: str  # what was asked for; "all" or target names
    as_of: datetime
    started_at: datetime
    finished_at: datetime
    status: str  # the run's own word, as in its history: published, stopped, failed, ...
    mode: str  # full, incremental, replay, or whose approval
    database: str  # host/name, without credentials
    standing_version: str
    postgres_version: str
    business_time_zone: str = "Asia/Bangkok"
    policy_version: str = ""  # hash or tag of the seeds in force
    commit: str = ""  # of the folder at work; empty without git
    edited: tuple[str, ...] = ()  # its files that differ from the commit

    def __post_init__(self) -> None:
        for moment in (self.as_of, self.started_at, self.finished_at):
            if moment.tzinfo is None:
                raise ValueError(f"run {self.run_id}: {moment.isoformat()} has no time zone")

    @property
    def seconds(self) -> float:
        return (self.finished_at - self.started_at).total_seconds()


@dataclass(frozen=True)
class RunVerdict:
    """The outcome in plain words."""

    status: Status
    headline: str
    stopped_at: str = ""  # the stage that the run did not get past
    reason: str = ""  # what happened, in full; may hold several lines
    fix: str = ""  # what helps: a command or a setting, one a line


@dataclass(frozen=True)
class Movement:
    """Members who went from one level or tier to another or stayed; `before` None: had none yet."""

    target: str
    before: str | None
    after: str
    members: int


@dataclass(frozen=True)
class Step:
    """One level or tier with its labels; without labels the code is shown."""

    code: str
    label_en: str = ""
    label_th: str = ""


@dataclass(frozen=True)
class Ladder:
    """The order of a target's levels or tiers, lowest first."""

    target: str
    title: str
    steps: tuple[Step, ...]
    unit: str = "member"  # whose levels they are: member, shop


@dataclass(frozen=True)
class Bucket:
    label: str
    count: int


@dataclass(frozen=True)
class Distribution:
    """Members per bucket before and after the run; `before` is empty at a first publication."""

    name: str
    title: str
    unit: str  # what is counted: "members", "sellers"
    before: tuple[Bucket, ...]
    after: tuple[Bucket, ...]


@dataclass(frozen=True)
class Quarantined:
    """Source rows set aside for one reason; more than `limit` stop a run."""

    source: str
    reason: str
    rows: int
    samples: tuple[str, ...] = ()
    limit: int | None = None


@dataclass(frozen=True)
class RunPoint:
    """A run in a trend."""

    run_id: int
    finished_at: datetime
    status: Status


@dataclass(frozen=True)
class QuarantineTrend:
    """Rows set aside for one reason, one number for each of `quarantine_runs`."""

    source: str
    reason: str
    rows: tuple[int, ...]


@dataclass(frozen=True)
class MissingSource:
    """An optional table, or columns of one, that the application does not have, and what that costs."""

    table: str
    columns: tuple[str, ...]  # empty: the whole table is missing
    effect: str


@dataclass(frozen=True)
class Freshness:
    """The newest event of a source table; `status` is ok, late or empty."""

    source: str
    latest: datetime | None
    status: str = "ok"


@dataclass(frozen=True)
class StageTiming:
    name: str
    seconds: float
    status: str  # done, failed, or stopped by the gate


@dataclass(frozen=True)
class ModelTiming:
    name: str
    seconds: float
    rows: int | None
    status: str


@dataclass(frozen=True)
class RunReport:
    """Everything one report says."""

    run: RunFacts
    verdict: RunVerdict
    reasons: tuple[str, ...] = ()  # why everybody is built; empty where some are
    causes: tuple[Cause, ...] = ()  # what differs from what was published before
    changes: tuple[Change, ...] = ()
    reworded: tuple[ReplacedValue, ...] = ()
    movements: tuple[Movement, ...] = ()
    ladders: tuple[Ladder, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    over_time: tuple[OverTime, ...] = ()
    points: Points | None = None  # None where a run posts none
    foretold: Foretold | None = None  # the newest backtest
    largest_changes: tuple[MemberChange, ...] = ()
    audits: tuple[Audit, ...] = ()
    quarantine: tuple[Quarantined, ...] = ()
    quarantine_runs: tuple[RunPoint, ...] = ()  # oldest first, this run last
    quarantine_trend: tuple[QuarantineTrend, ...] = ()
    missing_sources: tuple[MissingSource, ...] = ()
    freshness: tuple[Freshness, ...] = ()
    lineage: tuple[Lineage, ...] = ()
    stages: tuple[StageTiming, ...] = ()
    models: tuple[ModelTiming, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)  # no secrets

    @property
    def unmet(self) -> tuple[AuditOutcome, ...]:
        """The expectations that are not met; every page, message and metric counts these."""
        return tuple(outcome for audit in self.audits for outcome in audit.unmet)

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values, as `schema.json` says."""
        return {"schema_version": SCHEMA_VERSION, **plain(asdict(self))}

"""What a backtest found, as data: the tree behind the text, the JSON and the report's section.

Shares are of 1. Where a figure cannot be had (too few orders, one kind of order only), its value is None.
"""

from dataclasses import dataclass, field
from datetime import datetime

#: Raised by whoever renames or takes away a key.
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Figure:
    """A value with its 95 % interval, of resampled shops."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class ScoreFigures:
    """How well one score ranks: 0.5 and 0 say that it knows nothing.

    `auc`: of a bad and a good order after the same origin, how often the bad one's shop stood worse.
    `spearman`: rank correlation with the share that went wrong, of shops with some orders in a window.
    """

    name: str
    title: str
    auc: Figure
    spearman: Figure


@dataclass(frozen=True)
class PairedDifference:
    """The leading score against another one, on the same orders; above 0 it is the better one."""

    against: str
    auc: Figure
    spearman: Figure
    better_at: int  # origins at which its AUC is higher


@dataclass(frozen=True)
class Calibration:
    """Whether a score that is a share says the right share.

    `slope` is 1 where the differences that it sees are as large as they are, less where it exaggerates.
    `level_error` is what happened less what was expected. `brier_gain` is against a constant at the score's
    own level. `coverage` is the share of shops whose bad orders lay in their range, where it has one.
    """

    name: str
    expected: float
    observed: float
    slope: Figure
    level_error: Figure
    brier: float
    brier_constant: float
    brier_gain: Figure
    coverage: float | None = None


@dataclass(frozen=True)
class AtOrigin:
    """One origin; `shift` is the population stability index of the leading score against the first one."""

    moment: datetime
    shops: int
    orders: int
    bad_share: float | None
    auc: Figure
    shift: float | None


@dataclass(frozen=True)
class Group:
    """Orders of some shops: how many went wrong, and how well the leading score ranks within."""

    label: str
    shops: int  # counted at each origin
    orders: int
    bad_share: Figure
    auc: Figure = field(default_factory=Figure)
    gain: Figure = field(default_factory=Figure)  # of the leading score's AUC over the first other one's


@dataclass(frozen=True)
class Flaps:
    """Changes of tiers, evaluated daily under one rule of grace, and those taken back within 60 days.

    Only changes are counted whose 60 days are over.
    """

    grace: str  # "in force", or days
    up: int
    down: int
    reversed: int
    share: float | None


@dataclass(frozen=True)
class Bunching:
    """Whether more shops stand just beyond a tier's cut-off than beside it.

    `z` beyond 3 says that some work for the cut-off; `smallest_seen` is the share of the shops within reach
    that would have to, for four of five such tests to say so. None: not even all of them would be seen.
    """

    tier: str
    what: str  # orders, stars
    cut_off: float
    shops: int
    z: float | None
    smallest_seen: float | None


@dataclass(frozen=True)
class Counts:
    """Orders placed within the horizons, and what became of those that are left out."""

    placed: int
    labelled: int
    bad: int
    unknown: int  # no rating, no end: nobody knows yet
    called_off: int  # by the buyer, or never paid
    excluded: int  # by a decision


@dataclass(frozen=True)
class Backtest:
    """Everything that one backtest says. `lead` is the score that the groups and deciles are of."""

    known_until: datetime
    horizon_days: int
    lead: str = ""
    counts: Counts = field(default_factory=lambda: Counts(0, 0, 0, 0, 0, 0))
    scores: tuple[ScoreFigures, ...] = ()
    differences: tuple[PairedDifference, ...] = ()
    calibration: tuple[Calibration, ...] = ()
    origins: tuple[AtOrigin, ...] = ()
    deciles: tuple[Group, ...] = ()
    tiers: tuple[Group, ...] = ()
    levels: tuple[Group, ...] = ()
    volumes: tuple[Group, ...] = ()
    flaps: tuple[Flaps, ...] = ()
    bunching: tuple[Bunching, ...] = ()
    remember: str = ""  # the one sentence
    cannot_tell: tuple[str, ...] = ()
    schema_version: int = SCHEMA_VERSION

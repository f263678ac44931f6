"""How well scores foretell what comes next, as the newest backtest has it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Share:
    """Of some shops' orders the share that went wrong, of 1, with its 95 % interval."""

    label: str
    orders: int
    share: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class AtOrigin:
    """One origin, and the leading score's AUC there with its 95 % interval."""

    moment: datetime
    orders: int
    auc: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Foretold:
    """The newest backtest; `score` is the title of the one that leads."""

    made_at: datetime
    known_until: datetime
    horizon_days: int
    score: str
    remember: str
    orders: int
    tenths: tuple[Share, ...] = ()
    origins: tuple[AtOrigin, ...] = ()
    tiers: tuple[Share, ...] = ()
    cannot_tell: tuple[str, ...] = ()

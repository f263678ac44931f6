"""What stands behind a run's documents: levels and tiers over time, and where each document comes from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Day:
    """How many stood on each step, lowest first, after the last run of a day."""

    at: datetime
    members: tuple[int, ...]


@dataclass(frozen=True)
class OverTime:
    """Members by level or tier, day by day, oldest first; `steps` are their labels, lowest first."""

    title: str
    unit: str
    steps: tuple[str, ...]
    days: tuple[Day, ...]


@dataclass(frozen=True)
class Lineage:
    """From the application's tables to the column that it reads, and what each key is made of."""

    target: str
    tables: tuple[str, ...]
    policy: tuple[str, ...]
    facts: tuple[str, ...]
    mart: str
    column: str
    keys: Mapping[str, tuple[str, ...]]

"""The policy tables, and the few conventions that every document shares."""

import csv
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
BANGKOK = ZoneInfo("Asia/Bangkok")
Row = dict[str, Any]


def seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@dataclass
class Policy:
    """The seeds, with `grace` as demotion_grace_days by tier and other `edited` numbers. Settings are
    defaults, but the zone.
    """

    grace: dict[str, int]
    zone: ZoneInfo = BANGKOK
    edited: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.numbers = {row["name"]: Fraction(row["value"]) for row in seed("policy_numbers")}
        self.numbers |= {name: Fraction(value) for name, value in self.edited.items()}
        self.statuses = {row["status"]: row for row in seed("order_statuses")}
        self.kyc = {row["kyc_status"] for row in seed("kyc_statuses") if row["verified"] == "1"}
        self.categories = {row["category"]: Fraction(row["weight"]) for row in seed("scorecard_categories")}
        self.metrics = {row["metric"]: row for row in seed("scorecard_metrics")}
        self.bins = seed("scorecard_bins")
        self.levels = seed("trust_levels")
        self.tiers = seed("tier_policy")
        self.risks = seed("risk_rules")
        self.problem_metrics = {row["metric"]: row for row in seed("problem_metrics")}
        self.problem_bins = seed("problem_bins")
        self.problem_rates = seed("problem_rates")
        days = seed("non_working_days")
        self.weekdays_off = {int(row["weekday"]) for row in days if row["weekday"]}
        self.dates_off = {row["day"] for row in days if row["day"]}

    def days(self, name: str) -> int:
        return int(self.numbers[name])

    def business_day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def first_moment(self, as_of: datetime, days: int) -> datetime:
        """The midnight with which the last so many business days begin, as_of's own the last of them."""
        first = self.business_day(as_of) - timedelta(days=days - 1)
        return datetime.combine(first, time(), self.zone).astimezone(UTC)

    def is_working(self, day: datetime) -> bool:
        return day.isoweekday() not in self.weekdays_off and f"{day:%Y-%m-%d}" not in self.dates_off

    def after_working_hours(self, start: datetime) -> datetime:
        """The first moment by which the policy's working hours have passed."""
        left = timedelta(hours=int(self.numbers["ship_within_working_hours"]))
        local = start.astimezone(self.zone)
        while True:
            midnight = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
            if self.is_working(local):
                if midnight - local >= left:
                    return (local + left).astimezone(UTC)
                left -= midnight - local
            local = midnight


def text(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def rounded(value: Fraction, places: int = 2) -> Decimal:
    """Half away from zero."""
    scaled = abs(value) * 10**places
    whole = int(scaled + Fraction(1, 2))
    return Decimal(whole if value >= 0 else -whole).scaleb(-places)


def percent(num: Any, den: Any) -> Decimal:
    return rounded(Fraction(num) * 100 / Fraction(den)) if den else Decimal(0)


def evidence(num: Any, events: list[datetime | None], den: Any = None) -> Row:
    """A rate's counts with its first and last event; undated ones have no place in time."""
    dated = [event for event in events if event]
    return {
        "num": num,
        "den": len(events) if den is None else den,
        "from": text(min(dated, default=None)),
        "to": text(max(dated, default=None)),
    }

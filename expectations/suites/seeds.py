"""Policy from its files: the audit of the sources begins before a first run has loaded it."""

import csv
from pathlib import Path

from expectations.verdict import AuditError

FOLDER = Path(__file__).resolve().parents[2] / "seeds"


def order_statuses() -> tuple[str, ...]:
    """The statuses that the policy knows."""
    return tuple(row["status"] for row in _rows("order_statuses", "status"))


def point_types() -> dict[str, str]:
    """Type of an entry of the points ledger → its meaning."""
    return {row["type"]: row["meaning"] for row in _rows("points_types", "type", "meaning")}


def stated_policy(name: str) -> str:
    """A number of policy."""
    values = (row["value"] for row in _rows("policy_numbers", "name", "value") if row["name"] == name)
    try:
        return f"{float(next(values)):f}"
    except (StopIteration, ValueError):
        raise _unreadable("policy_numbers") from None


def _rows(seed: str, *columns: str) -> list[dict[str, str]]:
    try:
        with (FOLDER / f"{seed}.csv").open(encoding="utf-8-sig", newline="") as file:
            return [{column: row[column] for column in columns} for row in csv.DictReader(file)]
    except (OSError, UnicodeError, csv.Error, KeyError):
        raise _unreadable(seed) from None


def _unreadable(seed: str) -> AuditError:
    return AuditError(f"seeds/{seed}.csv cannot be read", "standing diff names what is wrong, by line")

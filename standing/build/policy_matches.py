"""Rows of seeds/ that no data can ever match: they look like policy, and do nothing.

What depends on other tables, such as a bin beyond what its metric can reach, is a test of dbt's.
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from standing.build.policy_tables import Seed
from standing.contract.application import SOURCES

#: Where reasons for setting rows of a source aside are spelled, beside the source's own base model.
SPELLED = ("models/quality/stg_quarantine.sql", "macros/application/*.sql")


def unmatched(seed: Seed, root: Path) -> Iterator[str]:
    """A sentence for each row that can never match, by file and line."""
    for number, row in seed.rows(root):
        place = seed.place(number, row)
        yield from (
            f"{place}: {column} is {row[column]!r}, which matches nothing: {why}"
            for column in seed.compared
            if (why := _never_compared(row[column]))
        )
        yield from (
            f"{place}: {column} is {row[column]}, which matches nothing: it goes from {low} to {high}"
            for column, (low, high) in seed.bounds.items()
            if row[column] and not low <= Decimal(row[column]) <= high
        )
        if seed.name == "quarantine_limits" and f"'{row['reason']}'" not in _spelled(row["source"], root):
            yield f"{place}: no row of {row['source']} is ever set aside for the reason {row['reason']!r}"
        if seed.name == "non_working_days" and bool(row["weekday"]) is bool(row["day"]):
            yield f"{place}: it is either a weekday or a day, and one of the two is empty"


def _never_compared(cell: str) -> str:
    """Why no text in lower case equals this one; empty where one can."""
    if cell != cell.lower():
        return f"texts are compared in lower case, as {cell.lower()!r}"
    if not cell.isprintable() or "  " in cell:
        return "it has a character that cannot be seen, or two spaces"
    return ""


def _spelled(source: str, root: Path) -> str:
    """The SQL that gives the reasons for setting rows of a source aside; empty of no source."""
    if not any(source == known.table for known in SOURCES):
        return ""
    shared = (file for pattern in SPELLED for file in root.glob(pattern))
    own = root / "models" / "staging" / "base" / f"base_{source}.sql"
    return "\n".join(file.read_text("utf-8") for file in (own, *shared) if file.exists())

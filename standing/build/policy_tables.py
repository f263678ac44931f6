"""Policy tables as files: seeds/*.csv, each as seeds/_seeds.yml describes it."""

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Seed:
    """A policy table: its file, its columns' types, what makes a row unique, which cells may be empty.

    `rows_read` are the keys of the rows that it has to have, and no others, where the code reads them by
    name; `rows_needed` those that it has to have, whatever else it has. `compared` are columns whose text
    is compared with text in lower case, `bounds` the least and the greatest number that a column can match.
    """

    name: str
    types: dict[str, str]
    key: tuple[str, ...]
    optional: frozenset[str]
    rows_read: frozenset[str]
    rows_needed: frozenset[str]
    compared: tuple[str, ...]
    bounds: dict[str, tuple[Decimal, Decimal]]

    @property
    def file(self) -> str:
        return f"seeds/{self.name}.csv"

    def lines(self, root: Path) -> Iterator[tuple[int, list[str]]]:
        """Line number and cells, the header's first."""
        with (root / self.file).open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.reader(opened)
            before = 0
            for cells in reader:
                yield before + 1, cells
                before = reader.line_num

    def rows(self, root: Path) -> Iterator[tuple[int, dict[str, str]]]:
        (_, header), *others = self.lines(root)
        for number, cells in others:
            yield number, dict(zip(header, cells, strict=False))

    def place(self, number: int, row: dict[str, str]) -> str:
        """How a row is named, such as: seeds/risk_rules.csv line 3 (very_frequent_cancellations)."""
        return f"{self.file} line {number} ({self.key_of(row)})"

    def key_of(self, row: dict[str, str]) -> str:
        return ", ".join(row.get(column, "") for column in self.key if row.get(column))


def _is_whole(cell: str) -> bool:
    return re.fullmatch(r"-?\d{1,9}", cell) is not None


def _is_number(cell: str) -> bool:
    try:
        return Decimal(cell).is_finite()
    except InvalidOperation:
        return False


def _is_date(cell: str) -> bool:
    try:
        return bool(date.fromisoformat(cell))
    except ValueError:
        return False


def _is_json(cell: str) -> bool:
    try:
        return json.loads(cell) is not None
    except ValueError:
        return False


#: PostgreSQL's type → what a cell of it is, and whether this one is.
KINDS: dict[str, tuple[str, Callable[[str], bool]]] = {
    "text": ("text", lambda cell: cell == cell.strip()),
    "numeric": ("a number", _is_number),
    "integer": ("a whole number", _is_whole),
    "bigint": ("a whole number", _is_whole),
    "boolean": ("true or false", lambda cell: cell in ("true", "false")),
    "date": ("a date such as 2026-01-31", _is_date),
    "jsonb": ("JSON", _is_json),
}


def seeds(root: Path) -> list[Seed]:
    """Every policy table that seeds/_seeds.yml of the project at `root` describes."""
    import yaml

    described = yaml.safe_load((root / "seeds" / "_seeds.yml").read_text("utf-8"))["seeds"]
    found = []
    for one in described:
        config: dict[str, Any] = one["config"]
        meta = config["meta"]
        found.append(
            Seed(
                one["name"],
                {column: kind.partition("(")[0] for column, kind in config["column_types"].items()},
                tuple(meta["key"]),
                frozenset(meta.get("may_be_empty", ())),
                frozenset(meta.get("rows_read", ())),
                frozenset(meta.get("rows_needed", ())),
                tuple(meta.get("compared", ())),
                {
                    name: (Decimal(low), Decimal(high))
                    for name, (low, high) in meta.get("bounds", {}).items()
                },
            )
        )
    return found

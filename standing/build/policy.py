"""Checks of seeds/ as files: what would keep them from loading, and what no dbt test can see.

Types and what else is asked of a table stand beside it in seeds/_seeds.yml. Rules between rows are dbt's
tests.
"""

import csv
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import product
from pathlib import Path
from typing import Any

from standing import PROJECT_ROOT
from standing.contract.target import GATE_MEASURES
from standing.contract.targets import TARGETS, Target
from standing.errors import BuildFailed
from standing.text import plural

#: What a wrong row's error ends with; `standing diff` tests the seeds first, too, and publishes nothing.
FIX = "correct it, then standing diff: it shows who would move, and publishes nothing"
#: Wrong rows that an error names.
NAMED = 5


@dataclass(frozen=True)
class Seed:
    """A policy table: its file, its columns' types, what makes a row unique, which cells may be empty.

    `rows_read` are the keys of the rows that it has to have, and no others, where the code reads them by
    name.
    """

    name: str
    types: dict[str, str]
    key: tuple[str, ...]
    optional: frozenset[str]
    rows_read: frozenset[str]

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
            )
        )
    return found


def check_files(root: Path) -> None:
    """Raises BuildFailed that names every wrong row, by file and line.

    Wrong are rows with missing, empty, extra or ill-typed cells, rows that are there twice, rows that the
    code reads by name and cannot find, rows that nothing reads, and documents without a limit of the gate.
    """
    tables = seeds(root)
    wrong = [sentence for seed in tables for sentence in _wrong_cells(seed, root)]
    if not wrong:
        wrong = [sentence for seed in tables for sentence in _wrong_rows(seed, root)]
        wrong += [one for seed in tables if seed.name == "gate_limits" for one in _wrong_limits(seed, root)]
    if wrong:
        raise BuildFailed(message_of(wrong), FIX)


def message_of(wrong: list[str]) -> str:
    """All wrong rows in one message, or the first of many."""
    more = f"; and {len(wrong) - NAMED} more" if len(wrong) > NAMED else ""
    return f"the policy is wrong: {'; '.join(wrong[:NAMED])}{more}"


def _wrong_cells(seed: Seed, root: Path) -> Iterator[str]:
    try:
        (_, header), *lines = seed.lines(root)
    except FileNotFoundError:
        yield f"{seed.file} is missing"
        return
    except (ValueError, csv.Error) as error:
        yield f"{seed.file} is no CSV file in UTF-8: {error}"
        return
    if sorted(header) != sorted(seed.types):
        yield f"{seed.file} has the columns {', '.join(header)} and not {', '.join(seed.types)}"
        return
    known: dict[tuple[object, ...], int] = {}
    for number, cells in lines:
        row = dict(zip(header, cells, strict=False))
        place = seed.place(number, row)
        if len(cells) != len(header):
            cells_given = plural(len(cells), "cell")
            wrong = f"has {cells_given} and not {len(header)}; text with a comma stands in double quotes"
            yield f"{place} {wrong}"
            continue
        empty = [column for column, cell in row.items() if not cell and column not in seed.optional]
        if empty:
            yield f"{place}: {' and '.join(empty)} may not be empty"
        kinds = {column: KINDS[seed.types[column]] for column, cell in row.items() if cell}
        odd = [(column, kind[0]) for column, kind in kinds.items() if not kind[1](row[column])]
        for column, kind in odd:
            yield f"{place}: {column} is {row[column]!r} and not {kind}"
        if empty or odd:
            continue
        key = tuple(Decimal(row[c]) if row[c] and seed.types[c] == "numeric" else row[c] for c in seed.key)
        if key in known:
            yield f"{place} is there twice: already in line {known[key]}"
        known.setdefault(key, number)


def _wrong_rows(seed: Seed, root: Path) -> Iterator[str]:
    """A number that a model reads and no row gives would be unknown, and every score made of it."""
    if not seed.rows_read:
        return
    given = {seed.key_of(row): seed.place(number, row) for number, row in seed.rows(root)}
    yield from (
        f"{seed.file} has no row {key}, which is needed" for key in sorted(seed.rows_read - given.keys())
    )
    yield from (f"{place}: nothing reads it" for key, place in given.items() if key not in seed.rows_read)


def _wrong_limits(seed: Seed, root: Path) -> Iterator[str]:
    """A document without a limit would pass the gate whatever changes."""
    targets = ("all", *sorted(target.name for target in TARGETS))
    for number, row in seed.rows(root):
        for column, known in (("measure", GATE_MEASURES), ("target", targets)):
            if row[column] not in known:
                place = seed.place(number, row)
                yield f"{place}: {column} is {row[column]!r} and none of {', '.join(known)}"
    yield from limits_missing(seed, root, TARGETS)


def limits_missing(seed: Seed, root: Path, targets: tuple[Target, ...]) -> Iterator[str]:
    """A sentence for each measure of the gate that has no limit for one of the targets."""
    given = {(row["measure"], row["target"]) for _, row in seed.rows(root)}
    for target, measure in product(targets, GATE_MEASURES):
        if not {(measure, target.name), (measure, "all")} & given:
            yield f"{seed.file} has no row of {measure} for {target.name}, nor for all"


def policy_version() -> str:
    """A short hash of all policy tables in force: other seeds, another version."""
    found = hashlib.sha256()
    for seed in sorted((PROJECT_ROOT / "seeds").glob("*.csv")):
        found.update(seed.name.encode() + b"\0" + seed.read_bytes() + b"\0")
    return found.hexdigest()[:12]

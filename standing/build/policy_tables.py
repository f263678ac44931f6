"""Policy tables as files: seeds/*.csv, each as seeds/_seeds.yml describes it."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from standing.build.policy_file import cells_of
from standing.errors import BuildFailed
from standing.text import UnreadableFile, text_of

DESCRIBED = "seeds/_seeds.yml"


@dataclass(frozen=True)
class Seed:
    """A policy table: its file, its columns' types, what makes a row unique, which cells may be empty.

    `rows_read` are the keys of the rows that it has to have, and no others, where the code reads them by
    name; `rows_needed` those that it has to have, whatever else it has. `compared` are columns whose text
    is compared with text in lower case, `bounds` the least and the greatest number that a column can match.
    `ranges` are from where to where a column may go, each a number or the column that has it, `steps` the
    columns that say of what a column is a multiple, and `shares` go to 1 where the key ends in _share. Of
    the two columns or rows that `rise`, the second's number is no smaller.
    """

    name: str
    types: dict[str, str]
    key: tuple[str, ...]
    optional: frozenset[str]
    rows_read: frozenset[str]
    rows_needed: frozenset[str]
    compared: tuple[str, ...]
    bounds: dict[str, tuple[Decimal, Decimal]]
    ranges: dict[str, tuple[Decimal | str, Decimal | str]]
    steps: dict[str, str]
    shares: frozenset[str]
    rise: tuple[str, ...]
    may_have_no_rows: bool

    @property
    def file(self) -> str:
        return f"seeds/{self.name}.csv"

    def lines(self, root: Path) -> Iterator[tuple[int, list[str]]]:
        """Line number and cells, the header's first; raises UnreadableFile."""
        return cells_of(root / self.file)

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
    return re.fullmatch(r"-?[0-9]{1,9}", cell) is not None


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", cell) is not None


def _is_date(cell: str) -> bool:
    """A day that may matter to somebody: a year such as 2569 is of the Buddhist era."""
    try:
        return (
            re.fullmatch(r"[0-9-]{10}", cell) is not None and 1995 <= date.fromisoformat(cell).year < 2200
        )
    except ValueError:
        return False


def _is_json(cell: str) -> bool:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        return json.loads(cell, parse_constant=refuse) is not None
    except ValueError:
        return False


#: PostgreSQL's type → what a cell of it is, and whether this one is.
KINDS: dict[str, tuple[str, Callable[[str], bool]]] = {
    "text": ("text without spaces around it", lambda cell: cell == cell.strip()),
    "numeric": ("a number", _is_number),
    "integer": ("a whole number", _is_whole),
    "bigint": ("a whole number", _is_whole),
    "boolean": ("true or false", lambda cell: cell in ("true", "false")),
    "date": ("a date such as 2026-01-31, by the Gregorian calendar", _is_date),
    "jsonb": ("JSON", _is_json),
}


def seeds(root: Path) -> list[Seed]:
    """Every policy table that seeds/_seeds.yml of the project at `root` describes.

    Raises BuildFailed if that file cannot be read so.
    """
    import yaml

    fix = f"correct it; git diff {DESCRIBED} shows what was edited"
    try:
        return [_seed(one) for one in yaml.load(text_of(root / DESCRIBED), yaml.CSafeLoader)["seeds"]]
    except UnreadableFile as error:
        raise BuildFailed(f"{DESCRIBED} {error}", fix) from None
    except yaml.MarkedYAMLError as error:
        line = f" line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise BuildFailed(f"{DESCRIBED}{line} is no YAML: {error.problem}", fix) from None
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        wrong = f"{DESCRIBED} does not describe every table with column_types and the key in its meta"
        raise BuildFailed(f"{wrong}: {error}", fix) from None


def _end(given: Any) -> Decimal | str:
    """One end of a range: a number, or the column that has it."""
    return given if isinstance(given, str) else Decimal(str(given))


def _seed(described: dict[str, Any]) -> Seed:
    config: dict[str, Any] = described["config"]
    meta = config["meta"]
    types = {column: kind.partition("(")[0] for column, kind in config["column_types"].items()}
    if odd := set(types.values()) - KINDS.keys():
        raise TypeError(f"{described['name']} has the type {min(odd)} and none of {', '.join(KINDS)}")
    return Seed(
        described["name"],
        types,
        tuple(meta["key"]),
        frozenset(meta.get("may_be_empty", ())),
        frozenset(meta.get("rows_read", ())),
        frozenset(meta.get("rows_needed", ())),
        tuple(meta.get("compared", ())),
        {name: (Decimal(low), Decimal(high)) for name, (low, high) in meta.get("bounds", {}).items()},
        {name: (_end(low), _end(high)) for name, (low, high) in meta.get("ranges", {}).items()},
        dict(meta.get("steps", {})),
        frozenset(meta.get("shares", ())),
        tuple(meta.get("rise", ())),
        bool(meta.get("may_have_no_rows")),
    )

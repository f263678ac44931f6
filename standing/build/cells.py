"""Cells of policy tables as text that can be compared: those of the files, and those that a run noted."""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from standing.build.policy_tables import Seed, seeds
from standing.errors import BuildFailed
from standing.text import UnreadableFile

#: Key → column → cell, in the order of the rows.
Cells = dict[str, dict[str, str]]
#: Policy table → how it is described, and its cells.
Tables = dict[str, tuple[Seed, Cells]]
_NUMBERS = ("numeric", "integer", "bigint")


def on_disk(root: Path) -> Tables:
    """The tables in seeds/, but for those whose file a build would refuse: it says why."""
    found = {}
    try:
        for seed in seeds(root):
            try:
                found[seed.name] = (seed, of_rows(seed, (row for _, row in seed.rows(root))))
            except (UnreadableFile, ValueError, InvalidOperation):
                continue
    except BuildFailed:
        return {}
    return found


def of_rows(seed: Seed, table: Iterable[Mapping[str, Any]]) -> Cells:
    """Rows of a file, or of the database as JSON, by their keys."""
    shown = [{name: _cell(row.get(name), kind) for name, kind in seed.types.items()} for row in table]
    return {seed.key_of(row): row for row in shown}


def _cell(value: Any, kind: str) -> str:
    if value is None or value == "":
        return ""
    if kind in _NUMBERS:
        return f"{Decimal(str(value)).normalize():f}"
    if kind == "boolean":
        return str(value).lower()
    if kind == "jsonb":
        given = json.loads(value) if isinstance(value, str) else value
        return json.dumps(given, ensure_ascii=False, sort_keys=True)
    return str(value)

"""Checks of seeds/ as files: what would keep them from loading, and what no dbt test can see.

Types and what else is asked of a table stand beside it in seeds/_seeds.yml. Rules between rows are dbt's
tests.
"""

import hashlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from standing import PROJECT_ROOT
from standing.build.policy_fits import half_written
from standing.build.policy_matches import unmatched
from standing.build.policy_ranges import falling, out_of_range
from standing.build.policy_tables import KINDS, Seed, seeds
from standing.contract.target import GATE_MEASURES, POSTING_MEASURES
from standing.contract.targets import TARGETS, AnyTarget
from standing.errors import BuildFailed
from standing.text import UnreadableFile, plural

#: What a wrong row's error ends with; `standing diff` tests the seeds first, too, and publishes nothing.
FIX = "correct it, then standing diff: it shows who would move, and publishes nothing"
#: Wrong rows that an error names.
NAMED = 5


def check_files(root: Path) -> None:
    """Raises BuildFailed that names every wrong row, by file and line.

    Wrong are rows with missing, empty, extra or ill-typed cells, rows with numbers out of their range, rows
    that are there twice, rows that the code reads by name and cannot find, rows that nothing reads or that
    can never match, documents without a limit of the gate, and half of what a fit wrote.
    """
    tables = seeds(root)
    wrong = [sentence for seed in tables for sentence in _wrong_cells(seed, root)]
    if not wrong:
        wrong = [sentence for seed in tables for sentence in _wrong_rows(seed, root)]
        for check in (unmatched, out_of_range, falling):
            wrong += [sentence for seed in tables for sentence in check(seed, root)]
        wrong += [one for seed in tables if seed.name == "gate_limits" for one in _wrong_limits(seed, root)]
        wrong += half_written(tables, root)
    if wrong:
        raise BuildFailed(message_of(wrong), FIX)


def message_of(wrong: list[str]) -> str:
    """All wrong rows in one message, or the first of many."""
    more = f"; and {len(wrong) - NAMED} more" if len(wrong) > NAMED else ""
    return f"the policy is wrong: {'; '.join(wrong[:NAMED])}{more}"


def _wrong_cells(seed: Seed, root: Path) -> Iterator[str]:
    try:
        (_, header), *lines = seed.lines(root)
    except UnreadableFile as error:
        yield f"{seed.file} {error}"
        return
    if sorted(header) != sorted(seed.types):
        yield f"{seed.file} line 1 {_wrong_header(header, seed)}"
        return
    if not lines and not seed.may_have_no_rows:
        yield f"{seed.file} has no rows"
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


def _wrong_header(header: list[str], seed: Seed) -> str:
    if len(header) < 2:
        return f"has one cell, {header[0] if header else ''!r}; cells are parted by commas"
    lacking = [f"lacks the column {column}" for column in seed.types if column not in header]
    extra = [f"has the extra column {column!r}" for column in header if column not in seed.types]
    return " and ".join(lacking + extra) or "has a column twice"


def _wrong_rows(seed: Seed, root: Path) -> Iterator[str]:
    """A number that a model reads and no row gives would be unknown, and every score made of it."""
    given = {seed.key_of(row): seed.place(number, row) for number, row in seed.rows(root)}
    needed = seed.rows_read | seed.rows_needed
    yield from (f"{seed.file} has no row {key}, which is needed" for key in sorted(needed - given.keys()))
    if not seed.rows_read:
        return
    yield from (f"{place}: nothing reads it" for key, place in given.items() if key not in seed.rows_read)


def _wrong_limits(seed: Seed, root: Path) -> Iterator[str]:
    """A document without a limit would pass the gate whatever changes."""
    targets = ("all", *sorted(target.name for target in TARGETS))
    for number, row in seed.rows(root):
        for column, known in (("measure", (*GATE_MEASURES, *POSTING_MEASURES)), ("target", targets)):
            if row[column] not in known:
                place = seed.place(number, row)
                yield f"{place}: {column} is {row[column]!r} and none of {', '.join(known)}"
    yield from limits_missing(seed, root, TARGETS)


def limits_missing(seed: Seed, root: Path, targets: tuple[AnyTarget, ...]) -> Iterator[str]:
    """A sentence for each measure of the gate that has no limit for one of the targets."""
    given = {(row["measure"], row["target"]) for _, row in seed.rows(root)}
    for target in targets:
        for measure in target.measures:
            if not {(measure, target.name), (measure, "all")} & given:
                yield f"{seed.file} has no row of {measure} for {target.name}, nor for all"


def policy_version() -> str:
    """A short hash of all policy tables in force: other seeds, another version."""
    found = hashlib.sha256()
    for seed in sorted(path for path in (PROJECT_ROOT / "seeds").glob("*.csv") if path.is_file()):
        found.update(seed.name.encode() + b"\0" + seed.read_bytes() + b"\0")
    return found.hexdigest()[:12]

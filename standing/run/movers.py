"""All whom a run moves, as a file beside its report: a line a member and document, losses first."""

import csv
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import text

from standing.contract.targets import Target, documents_among
from standing.findings.largest_changes import ChangesWanted, statement_of
from standing.findings.movements import moved
from standing.run.run import Run

HEADER = (
    *("document", "kind", "id", "direction"),
    *("level_before", "level_after", "points_before", "points_after"),
    *("cause", "alike"),
)
#: Read at a time.
ROWS = 5_000
#: What a spreadsheet would take for a formula: a document may hold what somebody else has written.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_movers(run: Run, page: Path) -> Path:
    """Write movers.csv beside a run's page, with the cause of each; in one step. Raises OSError."""
    file = page.with_name("movers.csv")
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    with unfinished.open("w", encoding="utf-8-sig", newline="") as lines:  # Excel needs the mark for arrows
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(HEADER)
        for target in (target for target in documents_among(run.targets) if target.lists_changes):
            _write(run, target, writer.writerow)
    return unfinished.replace(file)


def _write(run: Run, target: Target, write: Callable[[Sequence[object]], object]) -> None:
    kind, is_held = target.members.unit.removesuffix("s"), target in run.held
    with run.engine.connect() as connection:
        changed, parameters = moved(connection, run.settings, run.run_id, target, is_held)
        asked = ChangesWanted(run.run_id, with_parts=False)
        statement, given = statement_of(connection, run.settings, target, changed, asked)
        streamed = connection.execution_options(yield_per=ROWS)
        for row in streamed.execute(text(statement), {**parameters, **given}):
            steps = (_cell(row.step_before), _cell(row.step_after))
            why = (_cell(row.cause), row.alike)
            write((target.name, kind, row.member_id, row.direction, *steps, row.before, row.after, *why))


def _cell(value: str | None) -> str:
    given = value or ""
    return f"'{given}" if given.startswith(_FORMULA) else given

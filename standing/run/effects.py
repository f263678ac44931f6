"""Whom a run moves, for its report: counted while the last audit is at work, or later."""

from sqlalchemy import Connection

from standing.contract.targets import documents_among
from standing.database.connect import rows
from standing.findings.movements import (
    Effects,
    distribution,
    largest_changes,
    matrix,
    measures_of,
    movements,
    reworded_in,
)
from standing.report.changes import ReplacedValue
from standing.report.content import Distribution, Ladder, Movement, Step
from standing.report.moves import MemberChange
from standing.run.run import Built, Run
from standing.sql import quoted


def count_effects(connection: Connection, run: Run) -> Effects:
    """Before and after a run that has published; for one that has not, what is published and what would be.

    So it is of the targets that the gate holds, whose change sets are kept.
    """
    is_built = run.last(Built) is not None or run.approves is not None
    ladders = _ladders(connection, run) if is_built else ()
    if not run.changes:
        return Effects(ladders=ladders)
    documents = documents_among(run.targets)
    # A replay moves nobody: what it is compared with is itself.
    has_written = run.has_done("publish") or run.is_replay
    moved: list[Movement] = []
    changes: list[MemberChange] = []
    distributions: list[Distribution] = []
    for measure in (measure for target in documents for measure in measures_of(target)):
        target = measure.target
        written_by = run.run_id if has_written and target not in run.held else None
        cells = matrix(connection, run.settings, measure, written_by)
        steps = tuple(s.code for one in ladders if one.target == target.name for s in one.steps)
        names = steps if measure.step is None else ()
        distributions.append(distribution(measure, cells, names))
        moved += movements(target, cells) if measure.step is None else ()
    for target in (target for target in documents if target.lists_changes):
        changes += largest_changes(connection, run.settings, run.run_id, target, target in run.held)
    replaced: list[ReplacedValue] = []
    # Labels change with policy, and then everybody is built.
    for target in documents if run.builds_everybody or run.approves else ():
        replaced += reworded_in(connection, run.settings, run.run_id, target, target in run.held)
    return Effects(tuple(moved), ladders, tuple(distributions), tuple(changes), tuple(replaced))


def _ladders(connection: Connection, run: Run) -> tuple[Ladder, ...]:
    found = []
    for target, ladder in (
        (target, target.ladder) for target in documents_among(run.targets) if target.ladder
    ):
        steps = rows(
            connection,
            f"select {ladder.code} as code, label_en, label_th"
            f" from {quoted(run.settings.build_schema, ladder.seed)} order by {ladder.rank}",
        )
        unit = target.members.unit.removesuffix("s")
        found.append(Ladder(target.name, ladder.title, tuple(Step(**step) for step in steps), unit))
    return tuple(found)

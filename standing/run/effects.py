"""Whom a run moves, for its report: counted while the last audit is at work, or later."""

from sqlalchemy import Connection

from standing.database.connect import rows
from standing.findings.movements import (
    Effects,
    distribution,
    largest_changes,
    matrix,
    measures_of,
    movements,
)
from standing.report.content import Distribution, Ladder, MemberChange, Movement, Step
from standing.run.run import Built, Run
from standing.sql import quoted


def count_effects(connection: Connection, run: Run, *, is_stopped: bool = False) -> Effects:
    """Before and after a run that has published; for one that has not, what is published and what would be.

    `is_stopped` says that the gate stopped it, and its change set is kept.
    """
    is_built = run.last(Built) is not None or run.approves is not None
    ladders = _ladders(connection, run) if is_built else ()
    if not run.changes:
        return Effects(ladders=ladders)
    # A replay moves nobody: what it is compared with is itself.
    written_by = run.run_id if run.has_done("publish") or run.is_replay else None
    moved: list[Movement] = []
    changes: list[MemberChange] = []
    distributions: list[Distribution] = []
    for measure in (measure for target in run.targets for measure in measures_of(target)):
        target = measure.target
        cells = matrix(connection, run.settings, measure, written_by)
        steps = tuple(s.code for one in ladders if one.target == target.name for s in one.steps)
        names = steps if measure.step is None else ()
        distributions.append(distribution(measure, cells, names))
        moved += movements(target, cells) if measure.step is None else ()
    for target in (target for target in run.targets if target.lists_changes):
        changes += largest_changes(connection, run.settings, run.run_id, target, is_stopped)
    return Effects(tuple(moved), ladders, tuple(distributions), tuple(changes))


def _ladders(connection: Connection, run: Run) -> tuple[Ladder, ...]:
    found = []
    for target, ladder in ((target, target.ladder) for target in run.targets if target.ladder):
        steps = rows(
            connection,
            f"select {ladder.code} as code, label_en, label_th"
            f" from {quoted(run.settings.build_schema, ladder.seed)} order by {ladder.rank}",
        )
        found.append(Ladder(target.name, ladder.title, tuple(Step(**step) for step in steps)))
    return tuple(found)

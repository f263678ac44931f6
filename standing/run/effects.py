"""Whom a run moves, as its report shows it: counted while the last audit is at work, or else for the report."""

from sqlalchemy import Connection

from standing.database.connect import rows
from standing.findings.movements import (
    MEASURES,
    STANDINGS,
    Effects,
    distribution,
    matrix,
    movements,
    movers,
)
from standing.report.content import Distribution, Ladder, Movement, Mover, Step
from standing.run.run import Run
from standing.sql import quoted

LADDERS = (
    ("trust_score", "Trust level", "trust_levels", "level", "rank"),
    ("tier_info", "Seller tier", "tier_policy", "tier", "tier_level"),
)


def count_effects(connection: Connection, run: Run, *, is_stopped: bool = False) -> Effects:
    """Before and after a run that has published; for one that has not, what is published and what would be.

    `is_stopped` says that the gate stopped it, and its change set is kept.
    """
    is_built = run.has_done("build") or run.approves is not None
    ladders = _ladders(connection, run) if is_built else ()
    if not run.changes:
        return Effects(ladders=ladders)
    # A replay moves nobody: what it is compared with is itself.
    written_by = run.run_id if run.has_done("publish") or run.is_replay else None
    by_name = {target.name: target for target in run.targets}
    moved: list[Movement] = []
    moving: list[Mover] = []
    distributions: list[Distribution] = []
    for measure in (m for m in MEASURES if m.target in by_name):
        target = by_name[measure.target]
        cells = matrix(connection, run.settings, target, measure, written_by)
        steps = tuple(s.code for one in ladders if one.target == target.name for s in one.steps)
        names = steps if measure.step is None else ()
        distributions.append(distribution(measure, cells, names))
        moved += movements(target, cells) if measure.step is None else ()
    for name in (name for name in STANDINGS if name in by_name):
        moving += movers(connection, run.settings, run.run_id, by_name[name], is_stopped)
    return Effects(tuple(moved), ladders, tuple(distributions), tuple(moving))


def _ladders(connection: Connection, run: Run) -> tuple[Ladder, ...]:
    found = []
    names = {target.name for target in run.targets}
    for target, title, table, code, rank in (one for one in LADDERS if one[0] in names):
        steps = rows(
            connection,
            f"select {code} as code, label_en, label_th from {quoted(run.settings.build_schema, table)} order by {rank}",
        )
        found.append(Ladder(target, title, tuple(Step(**step) for step in steps)))
    return tuple(found)

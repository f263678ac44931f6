"""Members' points after a run, for its report."""

from collections.abc import Mapping

from sqlalchemy import Connection

from standing.findings.points import points_of_all
from standing.report.points import Points
from standing.run.run import Run


def points_after(connection: Connection, run: Run, written: Mapping[str, int]) -> Points | None:
    """None where the run has compared no ledger, or writes nothing whatever it finds."""
    changes = next((one for one in run.changes if one.points is not None), None)
    if changes is None or run.is_replay:
        return None
    left = run.written.left.get(changes.target, 0)
    return points_of_all(connection, run.settings, changes, written.get(changes.target, 0), left)

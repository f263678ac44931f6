"""What a run leaves alone: documents that await a decision, and those that an undo holds."""

from sqlalchemy import Connection, text

from standing.run.run import Run
from standing.text import plural


def left_out(connection: Connection, run: Run) -> tuple[str, ...]:
    """A clause for each, for the run's message and its report; none for a replay, which writes nothing."""
    if run.is_replay:
        return ()
    clauses = []
    if run.waits_for:
        names = ", ".join(run.waits_for)
        decide = " and ".join(f"run {one}" for one in sorted(set(run.waits_for.values())))
        clauses.append(f"{names} left as it is until {decide} is approved or rejected")
    held = connection.scalar(
        text("select count(*) from standing.holds where target = any(:names)"),
        {"names": [target.name for target in run.targets]},
    )
    if held:
        clauses.append(f"{plural(held, 'document')} held since an undo")
    return tuple(clauses)

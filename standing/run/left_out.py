"""What a run leaves alone: what awaits a decision, and what an undo holds."""

from sqlalchemy import Connection, text

from standing.run.amounts import split
from standing.run.run import Run
from standing.text import amounts


def left_out(connection: Connection, run: Run) -> tuple[str, ...]:
    """A clause for each, for the run's message and its report; none for a replay, which writes nothing."""
    if run.is_replay:
        return ()
    clauses = []
    if run.waits_for:
        names = ", ".join(run.waits_for)
        decide = " and ".join(f"run {one}" for one in sorted(set(run.waits_for.values())))
        clauses.append(f"{names} left as it is until {decide} is approved or rejected")
    held = connection.execute(
        text("select target, count(*) as held from standing.holds where target = any(:names) group by 1"),
        {"names": [target.name for target in run.targets]},
    )
    if words := amounts(*split({one.target: one.held for one in held})):
        clauses.append(f"{words} held since an undo")
    return tuple(clauses)

"""What somebody is to do next, by what the run registry and the change log say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from standing.database.connect import rows
from standing.state.runs import HAS_PUBLISHED, decisions
from standing.text import amounts

NEWEST = (
    "select run_id, status, message from standing.runs where status != 'replayed'"
    " order by run_id desc limit 1"
)
IS_PUBLISHED = (
    f"select exists (select from standing.runs where {HAS_PUBLISHED} or status = 'undone') as it_is"
)


@dataclass(frozen=True)
class NextStep:
    """Why, in one phrase, and the commands that help, one each."""

    why: str
    commands: tuple[str, ...]


def next_steps(connection: Connection, changes: Mapping[str, Any]) -> tuple[NextStep, ...]:
    """In the order in which they are best taken; `changes` is what status says of the change log."""
    steps = []
    waiting: dict[int, list[str]] = {}
    for one in changes["targets"]:
        if one["waits_for"] is not None:
            waiting.setdefault(one["waits_for"], []).append(one["target"])
    for run_id, names in waiting.items():
        steps.append(NextStep(f"run {run_id} awaits a decision on {', '.join(names)}", decisions(run_id)))
    if changes["on"] and changes["problems"]:
        steps.append(NextStep("the change log is not complete", ("standing migrate",)))
    for newest in rows(connection, NEWEST):
        if newest["status"] == "failed":
            reason = (newest["message"] or "").partition("\n")[0]
            steps.append(NextStep(f"run {newest['run_id']} failed: {reason}", ("standing run",)))
    if not rows(connection, IS_PUBLISHED)[0]["it_is"]:
        steps.append(NextStep("nothing is published yet", ("standing run",)))
    steps += [
        NextStep(
            f"an undo holds {amounts(one['documents'], one['members'])}",
            (f"standing resume {one['run_id']}",),
        )
        for one in changes["holds"]
    ]
    return tuple(steps)

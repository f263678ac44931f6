"""What stands in the application's columns now, who is due, and the last runs."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine

from standing.build.fingerprint import take
from standing.contract.targets import TARGETS
from standing.database.connect import rows
from standing.database.lock import free_at
from standing.incremental.change_log import log_size
from standing.incremental.due import due_members, everybody_due, reasons
from standing.incremental.observed import observe
from standing.publish.documents import number
from standing.settings import Settings
from standing.sql import quoted
from standing.state.runs import KILLED, last_runs

RUNS_SHOWN = 5


def gather(engine: Engine, settings: Settings) -> dict[str, Any]:
    """Members by published level and tier, the log of changes, and the last runs.

    `documents`, `change_log` and `runs`. Under `change_log`: `on`, `waiting` rows, the tables that it
    `follows`, `problems` until the next `standing migrate` and what is `unfollowed` for good (phrases), and
    for each target how many are `due` (None: everybody, for `reasons`) and `held`; whom the waiting rows
    concern, the next run finds out.
    """
    documents = []
    with engine.connect() as connection:
        for target, ladder in ((target, target.ladder) for target in TARGETS if target.ladder):
            column = quoted(target.column)
            counted = rows(
                connection,
                f"select coalesce({column} ->> '{ladder.key}', 'none') as name, count(*) as members"
                f" from {quoted(settings.application_schema, target.table)} group by 1"
                f" order by avg({number(column, '{' + target.number + '}')}) desc nulls last, 1",
            )
            documents.append(
                {
                    "title": ladder.plural.lower(),
                    "unit": target.members.unit,
                    "members": sum(row["members"] for row in counted),
                    "steps": counted,
                }
            )
        changes = _changes(connection, settings)
        runs = _runs(engine, free_at(connection))
    return {"documents": documents, "change_log": changes, "runs": runs}


def _runs(engine: Engine, idle_at: datetime | None) -> list[dict[str, Any]]:
    """The last runs; one that says it runs, though at a later moment nobody held the lock, was killed."""
    runs = last_runs(engine, RUNS_SHOWN)
    for run in runs:
        if idle_at and run["status"] == "running" and run["started_at"] < idle_at:
            run.update(status="failed", message=KILLED)
    return runs


def _changes(connection: Connection, settings: Settings) -> dict[str, Any]:
    counted = due_members(connection)
    held: dict[str, int] = {
        row["target"]: row["held"]
        for row in rows(connection, "select target, count(*) as held from standing.holds group by target")
    }
    observed = observe(connection, settings)
    fingerprint = take(observed.application, settings)
    why = {target.name: list(reasons(connection, (target,))) for target in TARGETS}
    for name, reason in everybody_due(connection, observed, fingerprint, TARGETS):
        why[name] = why[name] or [reason]
    for target in TARGETS:  # what the next drain makes of it
        why[target.name] = why[target.name] or list(observed.rebuilt)
    return {
        "on": settings.change_log,
        "waiting": log_size(connection),
        "follows": list(observed.log.follows),
        "problems": list(observed.log.problems),
        "unfollowed": list(observed.log.unfollowed),
        "targets": [
            {
                "target": target.name,
                "due": None if why[target.name] else counted.get(target.name, 0),
                "reasons": why[target.name],
                "held": held.get(target.name, 0),
            }
            for target in TARGETS
        ],
    }

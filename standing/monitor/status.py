"""What stands in the application's columns now, who is due, and the last runs."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine

from standing.build.checkout import read_checkout
from standing.contract.stored import present
from standing.contract.targets import DOCUMENTS, TARGETS, targets_of
from standing.database.clock import wall_clock
from standing.database.connect import rows
from standing.database.foreign import from_elsewhere
from standing.database.lock import free_at
from standing.database.owners import driver
from standing.gate.waiting import awaited
from standing.incremental.change_log import log_size
from standing.incremental.due import due_members
from standing.incremental.foreseen import foresee
from standing.incremental.plan import Plan
from standing.monitor.next_steps import next_steps
from standing.publish.documents import number
from standing.services.schedule import look
from standing.settings import Settings
from standing.sql import quoted
from standing.state.runs import KILLED, last_runs

RUNS_SHOWN = 5
#: Documents, and members' points, that runs leave alone, by the run that was undone, and why that was.
HOLDS = """
    select
        held.run_id,
        count(*) filter (where target = any(:documents)) as documents,
        count(*) filter (where target != all(:documents)) as members,
        coalesce(runs.summary ->> 'reason', '') as reason
    from standing.holds as held
    left join standing.runs on held.run_id = runs.run_id
    group by held.run_id, runs.summary ->> 'reason'
    order by held.run_id
"""


def gather(engine: Engine, settings: Settings) -> dict[str, Any]:
    """Members by published level and tier, the log of changes, and the last runs.

    `documents`, `change_log`, `runs`; `checkout`: how the folder at work differs from its commit;
    `next_steps`; `pages` of this home, and `next_runs` by flow, None where no Prefect server answers. Under
    `change_log`: `on`, `waiting` rows, the tables that it `follows`, `problems` until the next `standing
    migrate`, what is `unfollowed` for good and what is read from `elsewhere` (phrases), the `plans` of the
    next run of each selection with the stopped run whose decision it `waits_for`, or the targets that are
    `left_out` of it until then; for each target how many are `due` (None: everybody) and `held`, and the
    run that it `waits_for`; and the `holds` by run that was undone. Whom the waiting rows concern, the next
    run finds out.
    """
    documents = []
    with engine.connect() as connection:
        for target, ladder in ((target, target.ladder) for target in DOCUMENTS if target.ladder):
            document = present(target, "application")
            counted = rows(
                connection,
                f"select coalesce({document} ->> '{ladder.key}', 'none') as name, count(*) as members"
                f" from {quoted(settings.application_schema, target.table)} as application group by 1"
                f" order by avg({number(document, '{' + target.number + '}')}) desc nulls last, 1",
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
        steps = next_steps(connection, changes)
    checkout = read_checkout()
    served = look(settings)
    return {
        "documents": documents,
        "change_log": changes,
        "runs": runs,
        "checkout": checkout.words if checkout else "",
        "next_steps": [asdict(one) for one in steps],
        "pages": served.pages,
        "next_runs": served.next_runs,
    }


def _runs(engine: Engine, idle_at: datetime | None) -> list[dict[str, Any]]:
    """The last runs; one that says it runs, though at a later moment nobody held the lock, was killed."""
    runs = last_runs(engine, RUNS_SHOWN)
    for run in runs:
        if idle_at and run["status"] == "running" and run["started_at"] < idle_at:
            run.update(status="failed", message=KILLED)
    return runs


def _changes(connection: Connection, settings: Settings) -> dict[str, Any]:
    waits = awaited(connection)
    foreseen = foresee(connection, settings, wall_clock(connection.engine), waits)
    observed, plans = foreseen.observed, foreseen.plans
    counted = due_members(connection)
    held = rows(connection, "select target, count(*) as held from standing.holds group by target")
    of_target: dict[str, int] = {row["target"]: row["held"] for row in held}
    waiting = log_size(connection)
    # Whom these rows concern is known when a run reads them.
    concerned = "those whom the waiting rows concern" if waiting else ""
    return {
        "on": settings.change_log,
        "waiting": waiting,
        "follows": list(observed.log.follows),
        "problems": list(observed.log.problems),
        "unfollowed": list(observed.log.unfollowed),
        "elsewhere": from_elsewhere(driver(connection), settings.application_schema),
        "plans": [
            {
                "selection": selection,
                "waits_for": min(waits.values()) if _all_wait(selection, waits) else None,
                "left_out": {
                    target.name: waits[target.name]
                    for target in targets_of(selection)
                    if target.name in waits and not _all_wait(selection, waits)
                },
                "builds": _builds(plan, concerned),
                "everybody": plan.everybody,
                "members": plan.users,
                "shops": plan.sellers,
                "reasons": list(plan.reasons),
            }
            for selection, plan in plans.items()
        ],
        "targets": [
            {
                "target": target.name,
                "due": None if target.name in foreseen.reasons else counted.get(target.name, 0),
                "held": of_target.get(target.name, 0),
                "waits_for": waits.get(target.name),
            }
            for target in TARGETS
        ],
        "holds": rows(connection, HOLDS, documents=[target.name for target in DOCUMENTS]),
    }


def _all_wait(selection: str, waits: Mapping[str, int]) -> bool:
    return all(target.name in waits for target in targets_of(selection))


def _builds(plan: Plan, concerned: str) -> str:
    if plan.everybody or not concerned:
        return plan.who
    return concerned if plan.nobody else f"{plan.who}, and {concerned}"

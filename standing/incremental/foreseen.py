"""What the next runs would build, made of what plans are made of; changes nothing."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from standing.build.fingerprint import take
from standing.contract.targets import SELECTIONS, TARGETS, targets_of
from standing.incremental import change_log, due
from standing.incremental.observed import BuildRequest, Observed, observe
from standing.incremental.plan import Plan
from standing.settings import Settings


@dataclass(frozen=True)
class Foreseen:
    """Selection → the plan of a run that would begin now, of the targets that do not wait for a decision.

    Of the rows that wait in the change log only those are seen that make everybody due.
    """

    observed: Observed
    plans: dict[str, Plan]
    reasons: dict[str, str]  # target → why everybody is due for it; nothing of the others


def foresee(
    connection: Connection, settings: Settings, as_of: datetime, waiting: Container[str] = ()
) -> Foreseen:
    """`waiting` are the targets that a run leaves alone, but where a selection has no others."""
    observed = observe(connection, settings)
    fingerprint = take(observed.application, settings)
    reasons = change_log.foreseen_reasons(connection, observed)
    reasons |= due.foreseen_reasons(connection, observed, fingerprint, TARGETS)
    plans = {}
    for selection in SELECTIONS:
        targets = targets_of(selection)
        free = tuple(target for target in targets if target.name not in waiting)
        asked = BuildRequest(0, as_of, free or targets)
        why = due.reasons_for(asked.targets, reasons)
        counts = due.count_due(connection, settings, asked, observed, everybody=bool(why))
        plans[selection] = Plan(asked, fingerprint, why, counts["users"], counts["seller_profiles"])
    return Foreseen(observed, plans, reasons)

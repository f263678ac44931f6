"""The history: what documents were before each run.

Kept for STANDING_HISTORY_DAYS, whole days deleted at the end of a run. It is one table: a new one each day
would stop a subscriber of all tables, which lacks it. Who is gone from the application is erased from it,
and from everything else that Standing keeps in the database.
"""

from sqlalchemy import Connection, text

from standing.contract.targets import AnyTarget
from standing.settings import Settings


def written_by(connection: Connection, run_id: int, targets: tuple[AnyTarget, ...]) -> dict[str, int]:
    """Documents that a run has written, by target, also where it broke off."""
    counted = (
        "select target, count(*) as written from standing.history"
        " where run_id = :run_id and published_at >="
        " (select started_at from standing.runs where run_id = :run_id) group by 1"
    )
    written = {row.target: row.written for row in connection.execute(text(counted), {"run_id": run_id})}
    return {target.name: written.get(target.name, 0) for target in targets}


def prune(connection: Connection, settings: Settings) -> int:
    """Delete the days (UTC) that are older than the history is kept; gives the number of documents."""
    deleted = connection.execute(
        text(
            "delete from standing.history where published_at <"
            " ((now() at time zone 'UTC')::date - :days) at time zone 'UTC'"
        ),
        {"days": settings.history_days},
    )
    return deleted.rowcount

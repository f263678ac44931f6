"""The run registry: `standing.runs`, one row per run, and what it says afterwards."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, text

from standing.database.connect import rows
from standing.errors import SettingError

#: How a run can end; "running" until then.
STATUSES = (
    "running",
    "published",
    "replayed",
    "failed",
    "skipped",
    "stopped",
    "waiting",
    "approved",
    "rejected",
    "expired",
    "undone",
)

#: A condition on runs: it drained the change log and built, or found nobody to build. An approval does not.
LOOKED_FOR_THE_DUE = (
    "status not in ('waiting', 'skipped', 'replayed') and not coalesce(summary ? 'approves', false)"
)
#: A condition on runs: it published, or the gate held a part of it and the rest was published.
HAS_PUBLISHED = (
    "(status = 'published' or status in ('stopped', 'approved', 'rejected', 'expired')"
    " and jsonb_array_length(coalesce(summary -> 'targets', '[]'))"
    " > jsonb_array_length(coalesce(summary -> 'held', '[]')))"
)
#: What is entered for a run that was left as running.
KILLED = "nobody entered its end: its process was killed, or the server was away when it ended"


def decisions(run_id: int) -> tuple[str, ...]:
    """What somebody may type about a run that the gate stopped."""
    return (
        f"standing diff --run {run_id}  # shows who would move",
        f"standing approve {run_id}",
        f"standing reject {run_id}  # then mend the cause",
    )


def open_run(engine: Engine, selection: str, as_of: datetime) -> int:
    """Enter a run as running and give its number; a run left as running by a killed process is failed."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "update standing.runs set status = 'failed', finished_at = clock_timestamp(),"
                " message = :killed where status = 'running'"
            ),
            {"killed": KILLED},
        )
        number: int = connection.execute(
            text(
                "insert into standing.runs (selection, as_of, status)"
                " values (:selection, :as_of, 'running') returning run_id"
            ),
            {"selection": selection, "as_of": as_of},
        ).scalar_one()
    return number


def go_on_with(engine: Engine, run_id: int) -> None:
    """Enter a run that had broken off as running again; what it wrote stays its own."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "update standing.runs set status = 'running', finished_at = null, message = null,"
                " summary = null"
                " where run_id = :run_id"
            ),
            {"run_id": run_id},
        )


def enter_skipped(engine: Engine, selection: str, as_of: datetime, message: str) -> int:
    """Enter a run that did not get its turn and give its number; the other one stays `running`."""
    with engine.begin() as connection:
        number: int = connection.execute(
            text(
                "insert into standing.runs (selection, as_of, finished_at, status, message)"
                " values (:selection, :as_of, clock_timestamp(), 'skipped', :message) returning run_id"
            ),
            {"selection": selection, "as_of": as_of, "message": message},
        ).scalar_one()
    return number


def close_run(engine: Engine, run_id: int, status: str, message: str, summary: dict[str, Any]) -> None:
    """Enter how the run ended; `summary` is stored as JSON."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "update standing.runs set status = :status, message = :message,"
                " finished_at = clock_timestamp(), summary = cast(:summary as jsonb) where run_id = :run_id"
            ),
            {
                "run_id": run_id,
                "status": status,
                "message": message,
                "summary": json.dumps(summary, ensure_ascii=False, default=str),
            },
        )


def find_run(connection: Connection, run_id: int, more: str = "", **parameters: Any) -> dict[str, Any]:
    """The row of a run, with `more` columns; raises SettingError where there is no such run."""
    found = rows(
        connection,
        f"select runs.*{more} from standing.runs as runs where run_id = :run_id",
        run_id=run_id,
        **parameters,
    )
    if not found:
        raise SettingError(f"there is no run {run_id}", "standing status shows the last runs")
    return found[0]


def last_published_as_of(engine: Engine) -> datetime | None:
    """The newest moment that a published run stood for; published runs never go back behind it."""
    with engine.connect() as connection:
        moment: datetime | None = connection.scalar(
            text(f"select max(as_of) from standing.runs where {HAS_PUBLISHED}")
        )
    return moment


def last_runs(engine: Engine, number: int) -> list[dict[str, Any]]:
    """The newest runs, newest first, each with its stages and where its report is."""
    with engine.connect() as connection:
        return rows(
            connection,
            "select run_id, selection, as_of, started_at, finished_at, status, message,"
            " coalesce(summary -> 'stages', '[]') as stages, summary ->> 'report' as report,"
            " summary ->> 'plan' as plan"
            " from standing.runs order by run_id desc limit :number",
            number=number,
        )


def mark(connection: Connection, run_id: int, status: str, message: str, **entries: Any) -> None:
    """Enter what was decided about a run, and when; `entries` goes into its summary."""
    connection.execute(
        text(
            "update standing.runs set status = :status, message = :message,"
            " summary = coalesce(summary, '{}') || jsonb_build_object('decided_at', clock_timestamp())"
            " || cast(:entries as jsonb) where run_id = :run_id"
        ),
        {"run_id": run_id, "status": status, "message": message, "entries": json.dumps(entries)},
    )

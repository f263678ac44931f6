"""Rows set aside by this run and by the ones before it, as the report shows them."""

from typing import Any, get_args

from sqlalchemy import Connection, text

from standing.database.connect import rows
from standing.report.content import Quarantined, QuarantineTrend, RunPoint, Status
from standing.settings import Settings
from standing.sql import quoted, render

#: What a run of the due examines only in part.
TABLES = ("stg_quarantine", "stg_quarantine_counts")
#: Runs in a trend, this one among them: a day of hourly runs.
TREND_RUNS = 24


def quarantine(connection: Connection, settings: Settings) -> tuple[Quarantined, ...]:
    """What the last build set aside, by reason, most rows first."""
    statement = f"""
        select source, reason, set_aside as rows, samples, row_limit as limit
        from {quoted(settings.build_schema, "stg_quarantine_counts")}
        order by set_aside desc, source, reason
    """
    return tuple(
        Quarantined(**{**row, "samples": tuple(row["samples"])}) for row in rows(connection, statement)
    )


def take_over(connection: Connection, settings: Settings, shadow: Settings) -> None:
    """A run of the due looks at their rows; in the build of `shadow` every row was looked at."""
    for table in TABLES:
        counted = quoted(settings.build_schema, table)
        connection.execute(text(f"delete from {counted}"))
        connection.execute(
            text(f"insert into {counted} select * from {quoted(shadow.build_schema, table)}")
        )


def quarantine_trend(
    connection: Connection, this: RunPoint, found: tuple[Quarantined, ...]
) -> tuple[tuple[RunPoint, ...], tuple[QuarantineTrend, ...]]:
    """The last runs, oldest first and this one last, and for each reason its rows in them."""
    earlier = rows(
        connection, render("findings/earlier_counts.sql.j2"), run_id=this.run_id, number=TREND_RUNS - 1
    )[::-1]
    counts = [
        {(one["source"], one["reason"]): int(one["rows"]) for one in run["counted"]} for run in earlier
    ]
    counts.append({(one.source, one.reason): one.rows for one in found})
    points = [RunPoint(run["run_id"], run["finished_at"], _status(run["status"])) for run in earlier]
    reasons = sorted(
        {reason for counted in counts for reason in counted},
        key=lambda reason: (-counts[-1].get(reason, 0), reason),
    )
    trends = tuple(
        QuarantineTrend(*reason, rows=tuple(counted.get(reason, 0) for counted in counts))
        for reason in reasons
    )
    return (*points, this), trends


def _status(word: str | None) -> Any:
    return word if word in get_args(Status) else "failed"

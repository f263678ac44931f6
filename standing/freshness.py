"""How new the newest rows of the sources are."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from standing.database import rows
from standing.documents_sql import quoted
from standing.report.content import Freshness
from standing.settings import Settings
from standing.sources import columns_found
from standing.stages import Run

#: A source whose newest row is older than this is shown as late.
LATE_AFTER = timedelta(days=2)
TABLES = ("orders", "reviews")

#: What the run before this one, which found everything up to it, saw.
SEEN = """
    select one ->> 'source' as source, cast(one ->> 'latest' as timestamptz) as latest
    from standing.runs cross join lateral jsonb_array_elements(summary -> 'freshness') as one
    where run_id = (select max(run_id) from standing.runs where run_id < :run_id and status != 'skipped')
"""


def freshness(connection: Connection, run: Run) -> tuple[Freshness, ...]:
    """The newest row of each table that has one: of those seen before and those that this run judges anew.

    All rows are looked at where everything is judged, or nobody has looked before.
    """
    settings = run.settings
    found = columns_found(connection, settings.application_schema)
    seen: dict[str, datetime | None] = {}
    if not run.due.everybody and run.due.stale is not None:
        seen = {one["source"]: one["latest"] for one in rows(connection, SEEN, run_id=run.run_id)}
    shown = []
    for table in (table for table in TABLES if "created_at" in found.get(table, {})):
        only = f"audited_{table}" if table in seen else None
        latest = max(
            (one for one in (seen.get(table), _newest(connection, settings, table, only)) if one),
            default=None,
        )
        late = latest is not None and datetime.now(UTC) - latest > LATE_AFTER
        status = "empty" if latest is None else "late" if late else "ok"
        shown.append(Freshness(table, latest, status))
    return tuple(shown)


def _newest(connection: Connection, settings: Settings, table: str, only: str | None) -> datetime | None:
    """The newest moment of a table, `only` of the rows that a table of the build names."""
    name = quoted(settings.application_schema, table)
    of_some = f" and id in (select key from {quoted(settings.build_schema, only)})" if only else ""
    # Neither what is still to come nor an endless moment, which Python could not read, is the newest.
    latest: datetime | None = connection.scalar(
        text(
            f"select max(created_at) from {name} where created_at <= now() and isfinite(created_at){of_some}"
        )
    )
    if latest is not None and latest.tzinfo is None:
        latest = connection.scalar(
            text("select cast(:moment as timestamp) at time zone :zone"),
            {"moment": latest, "zone": settings.source_time_zone},
        )
    return latest

"""How new the newest rows of the sources are."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from standing.database.schemas import read_application
from standing.report.content import Freshness
from standing.settings import Settings
from standing.sql import quoted

#: A source whose newest row is older than this is shown as late.
LATE_AFTER = timedelta(days=2)
TABLES = ("orders", "reviews")


def freshness(connection: Connection, settings: Settings) -> tuple[Freshness, ...]:
    """The newest row of each table that has times. Every run looks at all rows: one may have gone."""
    found = read_application(connection, settings.application_schema).columns
    shown = []
    for table in (table for table in TABLES if "created_at" in found.get(table, {})):
        is_local = found[table]["created_at"].endswith("without time zone")
        moment = "created_at at time zone :zone" if is_local else "created_at"
        # Neither what is still to come nor an endless moment, which Python could not read, is the newest.
        latest: datetime | None = connection.scalar(
            text(
                f"select max({moment}) from {quoted(settings.application_schema, table)}"
                f" where {moment} <= now() and isfinite(created_at)"
            ),
            {"zone": settings.source_time_zone} if is_local else {},
        )
        late = latest is not None and datetime.now(UTC) - latest > LATE_AFTER
        shown.append(Freshness(table, latest, "empty" if latest is None else "late" if late else "ok"))
    return tuple(shown)

"""How new the newest rows of the sources are."""

from sqlalchemy import Connection, text

from standing.contract.freshness import FRESH_DAYS
from standing.database.schemas import read_application
from standing.report.content import Freshness
from standing.settings import Settings
from standing.sql import quoted


def freshness(connection: Connection, settings: Settings) -> tuple[Freshness, ...]:
    """The newest row of each table that has times. Every run looks at all rows: one may have gone."""
    found = read_application(connection, settings.application_schema).columns
    shown = []
    for table, days in FRESH_DAYS.items():
        if "created_at" not in found.get(table, {}):
            continue
        is_local = found[table]["created_at"].endswith("without time zone")
        moment = "created_at at time zone :zone" if is_local else "created_at"
        # Neither what is still to come nor an endless moment, which Python could not read, is the newest.
        row = connection.execute(
            text(
                f"select max({moment}), max({moment}) < now() - interval '{days} days' as is_late"
                f" from {quoted(settings.application_schema, table)}"
                f" where {moment} <= now() and isfinite(created_at)"
            ),
            {"zone": settings.source_time_zone} if is_local else {},
        ).one()
        state = "empty" if row.max is None else "late" if row.is_late else "ok"
        shown.append(Freshness(table, row.max, state))
    return tuple(shown)

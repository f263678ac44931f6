"""Where points begin: the first terms, and what balances were beyond what their ledger adds up to.

Both are entered once. What the ledger has from before the first terms is taken as it stands.
"""

from psycopg import Connection

from standing.build.points import TERMS, append_terms, signed_amount
from standing.database.catalog import Catalog, rows
from standing.database.connect import STANDING_SCHEMA
from standing.settings import Settings
from standing.sql import quoted, render
from standing.upgrade.steps import Step

OPENINGS = quoted(STANDING_SCHEMA, "loyalty_openings")


def plan_opening(connection: Connection, catalog: Catalog, settings: Settings) -> list[Step]:
    """One step, unless points have begun."""
    if rows(connection, f"select 1 from {TERMS} limit 1"):
        return []
    return [opening(catalog, settings)]


def opening(catalog: Catalog, settings: Settings) -> Step:
    openings = render(
        "upgrade/fill/opening.sql.j2",
        openings=OPENINGS,
        programs=quoted(catalog.schema, "loyalty_programs"),
        points=quoted(catalog.schema, "points_transactions"),
        signed=signed_amount("p"),
    )
    return Step("the first terms of points", (openings, append_terms(settings, "clock_timestamp()")))

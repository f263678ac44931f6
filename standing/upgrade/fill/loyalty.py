"""The walk that gives every member a loyalty programme and, once, the welcome bonus."""

from collections.abc import Collection

from standing.database.catalog import Catalog
from standing.database.connect import STANDING_SCHEMA
from standing.settings import Settings
from standing.sql import literal, quoted, render
from standing.upgrade.fill.walk import Walk
from standing.upgrade.steps import Item


def loyalty_programs(catalog: Catalog, made: Collection[Item], settings: Settings, batch: int) -> Walk:
    """A programme for everybody; the bonus where the ledger has no earned signup yet."""
    bonus = settings.loyalty_welcome_bonus
    ours = {item.name for item in made if item.kind == "table"}
    users, programs, points = (
        quoted(catalog.schema, name) for name in ("users", "loyalty_programs", "points_transactions")
    )
    names = {
        "users": users,
        "programs": programs,
        "points": points,
        "rows": quoted(STANDING_SCHEMA, "upgrade_rows"),
        "bonus": bonus,
        "since": _member_since(catalog, settings),
        "existing": {name for name in ("loyalty_programs", "points_transactions") if catalog.has(name)}
        - ours,
    }
    pending = f"not exists (select 1 from {programs} as l where l.user_id = t.id)"
    if bonus:
        welcomed = f"from {points} as p where p.user_id = t.id and p.type = 'earn' and p.source = 'signup'"
        pending = f"({pending} or not exists (select 1 {welcomed}))"
    files = ("enrol", "pay") if bonus else ("enrol",)
    # The new rows' defaults are clocks without a zone, which are read in this one.
    zone = f"set local timezone = {literal(settings.source_time_zone)}"
    statements = (zone, *(render(f"upgrade/fill/{file}.sql.j2", **names) for file in files))
    return Walk("loyalty programmes", "users", pending, statements, batch)


def _member_since(catalog: Catalog, settings: Settings) -> str:
    """`member_since` has no zone: a moment is written as the clock of SOURCE_TIME_ZONE showed it."""
    column = catalog.columns.get(("users", "created_at"))
    if column and column.type == "timestamp with time zone":
        return f"t.created_at at time zone {literal(settings.source_time_zone)}"
    return "t.created_at"

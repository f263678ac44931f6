"""The check of `standing preflight` on the change log."""

from collections.abc import Iterator
from typing import Any

from psycopg import Connection

from standing.settings import Settings
from standing.upgrade.capture import problems, wanted
from standing.upgrade.capture_sql import LOG
from standing.upgrade.catalog import Catalog, rows
from standing.upgrade.checks import Check


def change_log(connection: Connection[Any], catalog: Catalog, settings: Settings) -> Iterator[Check]:
    """Which tables are or will be followed, what waits in the log, and what is not logged."""
    tables = ", ".join(capture.table for capture in wanted(catalog))
    if not settings.change_log:
        yield Check(
            "change log", "note", "off (STANDING_CHANGE_LOG): no triggers, and every run is a full one"
        )
    elif ("alembic_version", "version_num") not in catalog.own or (
        "change_log",
        "source",
    ) not in catalog.own:
        yield Check("change log", "note", f"triggers will log whose data changes, on {tables}")
    else:
        yield from _made(connection, catalog, tables)


def _made(connection: Connection[Any], catalog: Catalog, tables: str) -> Iterator[Check]:
    waiting = rows(connection, f"select count(*) as n from {LOG}")[0]["n"]
    wrong = [phrase for said in problems(catalog).values() for phrase in said]
    for phrase in wrong:
        yield Check("change log", "warning", f"{phrase}: runs are full meanwhile", "standing migrate")
    if not wrong:
        yield Check("change log", "ok", f"follows {tables}; {waiting:,} rows wait")

"""The check of `standing preflight` on the change log."""

from collections.abc import Iterator
from typing import Any

from psycopg import Connection

from standing.database.catalog import Catalog, rows
from standing.incremental.capture import problems, wanted
from standing.incremental.capture_sql import LOG
from standing.incremental.unfollowed import unfollowed
from standing.settings import Settings
from standing.text import plural
from standing.upgrade.checks.server import Check

#: What can be done about a source that cannot be followed.
FOLLOWED = "nothing is wrong where a full run each time is quick enough"


def change_log(connection: Connection[Any], catalog: Catalog, settings: Settings) -> Iterator[Check]:
    """Which tables are or will be followed, what waits in the log, and what is not logged."""
    never = unfollowed(catalog)
    tables = ", ".join(capture.table for capture in wanted(catalog) if capture.table not in never)
    if not settings.change_log:
        yield _off(catalog)
        return
    for phrases in never.values():
        for phrase in phrases:
            yield Check("change log", "warning", f"{phrase}: every run is a full one", FOLLOWED)
    yield from _limit(connection)
    if ("alembic_version", "version_num") not in catalog.own or (
        "change_log",
        "source",
    ) not in catalog.own:
        yield Check("change log", "note", f"triggers will log whose data changes, on {tables}")
    else:
        yield from _made(connection, catalog, tables)


def _limit(connection: Connection[Any]) -> Iterator[Check]:
    """The server holds the rows of a statement for triggers, in files where they are many."""
    limit = rows(connection, "select current_setting('temp_file_limit') as allowed")[0]["allowed"]
    if limit != "-1":
        message = f"temp_file_limit is {limit}: a statement that changes more rows than fit into it fails"
        yield Check("change log", "warning", message, "raise it, or change many rows in parts")


def _off(catalog: Catalog) -> Check:
    message = "off (STANDING_CHANGE_LOG): every run is a full one"
    there = ", ".join(dict.fromkeys(one.root for one in catalog.triggers))
    if not there:
        return Check("change log", "note", f"{message}, and there are no triggers")
    return Check(
        "change log", "note", f"{message}; triggers are still on {there}", "standing migrate drops them"
    )


def _made(connection: Connection[Any], catalog: Catalog, tables: str) -> Iterator[Check]:
    waiting = rows(connection, f"select count(*) as n from {LOG}")[0]["n"]
    wrong = [phrase for phrases in problems(catalog).values() for phrase in phrases]
    for phrase in wrong:
        yield Check("change log", "warning", f"{phrase}: runs are full meanwhile", "standing migrate")
    if not wrong:
        yield Check("change log", "ok", f"follows {tables}; {plural(waiting, 'row waits', 'rows wait')}")

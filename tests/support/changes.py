"""What tests of the change log do in a transaction that they take back."""

from typing import Any, cast

import psycopg
from sqlalchemy import Connection, text

from standing.database.catalog import read_catalog
from standing.settings import Settings
from standing.upgrade.plan.triggers import plan_capture


def do(connection: Connection, *statements: str) -> None:
    """Statements as they are; several in one text are separated by semicolons."""
    for statement in statements:
        connection.exec_driver_sql(statement.replace("%", "%%"))


def follow(connection: Connection, settings: Settings) -> None:
    """Take the steps of `standing migrate` that make triggers; the log is empty then."""
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    for step in plan_capture(read_catalog(driver, settings.application_schema), settings):
        do(connection, *step.statements)
    do(connection, "delete from standing.change_log")


def logged(connection: Connection) -> set[tuple[str, str | None]]:
    """Source → one of its members, for each row in the log, which is empty then."""
    taken = connection.execute(
        text(
            "delete from standing.change_log returning source,"
            " coalesce(order_id, review_id, user_id, seller_id, thread_id)::text"
        )
    )
    return {(source, member) for source, member in taken}

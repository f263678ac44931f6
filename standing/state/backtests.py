"""The newest backtests, for reports and metrics."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from standing.database.connect import server_message

#: Two years of monthly ones.
KEPT = 24


def keep(engine: Engine, found: Mapping[str, Any]) -> str | None:
    """Keep a backtest, and the newest before it; gives why it cannot be kept, where the role only reads."""
    try:
        with engine.begin() as connection:
            connection.execute(
                text("insert into standing.backtests (summary) values (cast(:summary as jsonb))"),
                {"summary": json.dumps(found, ensure_ascii=False)},
            )
            connection.execute(
                text(
                    "delete from standing.backtests where backtest_id <= ("
                    "select max(backtest_id) from standing.backtests) - :kept"
                ),
                {"kept": KEPT},
            )
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in ("25006", "42501"):
            raise
        return server_message(error)
    return None


def newest(connection: Connection) -> dict[str, Any] | None:
    """The newest backtest, with the moment at which it was made."""
    row = connection.execute(
        text("select made_at, summary from standing.backtests order by backtest_id desc limit 1")
    ).first()
    return None if row is None else {**row.summary, "made_at": row.made_at}

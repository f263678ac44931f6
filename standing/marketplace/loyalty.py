"""What members of a simulated, upgraded marketplace do with points: spend, get back, return, invite, cheat.

The application's own rows, written as docs/operations.md asks of it. The first call plays the four weeks
before the history's end, and moves the upgrade to their beginning, for points are earned from it on; each
later one plays as much as a week has, since the one before. As in the rest of the simulation, nothing here
knows what a run makes of it.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, TextClause, text

from standing.database.connect import STANDING_SCHEMA, relation_exists
from standing.errors import NotUpgraded, SettingError
from standing.marketplace.ground import PLAYED, SIMULATION, Load, mark_of
from standing.marketplace.happenings import Cast, draw
from standing.settings import Settings
from standing.sql import quoted, render

FIRST = timedelta(days=28)
LATER = timedelta(days=7)
#: Sold goods of at most so long ago come back.
RETURNS = timedelta(days=14)


@dataclass(frozen=True)
class Played:
    """Between which moments, and how many events of each kind took place."""

    since: datetime
    until: datetime
    counts: dict[str, int]


def play(engine: Engine, settings: Settings) -> Played:
    """The next events, in one transaction; the same for the same marketplace and call.

    Raises SettingError where `standing load simulated` did not make it, NotUpgraded before the upgrade.
    """
    with engine.begin() as connection:
        load = _require(connection, settings)
        connection.execute(
            text("select set_config('search_path', :schema, true), set_config('timezone', :zone, true)"),
            {"schema": quoted(settings.application_schema), "zone": settings.source_time_zone},
        )
        connection.execute(text("set local lock_timeout = '10s'"))
        before = _played(connection, settings)
        since, until = _window(connection, load, before)
        counts = Counter[str]()
        if not before and _carry_out(connection, "begin", {"since": since}):
            _carry_out(connection, "welcome", {"since": since})
        cast = _cast(connection, since, until, LATER if before else FIRST)
        for event in draw(f"{load.arguments}/{len(before)}", cast):
            counts[event.kind] += _carry_out(connection, event.kind, event.values)
        connection.execute(
            text(
                f"update {SIMULATION}.loads set played = played || cast(:until as timestamptz)"
                " where application_schema = :schema"
            ),
            {"until": until, "schema": settings.application_schema},
        )
    return Played(since, until, dict(counts))


def _require(connection: Connection, settings: Settings) -> Load:
    where = f"schema {settings.application_schema!r} of database {connection.engine.url.database!r}"
    load = mark_of(connection, settings)
    if load is None or not load.arguments.startswith("simulated"):
        raise SettingError(f"{where} holds no simulated marketplace", "standing load simulated")
    terms = f"{STANDING_SCHEMA}.loyalty_terms"
    if not relation_exists(connection, terms):
        raise NotUpgraded(f"{where} is not upgraded: nobody has points", "standing migrate")
    return load


def _played(connection: Connection, settings: Settings) -> list[datetime]:
    """Until when the calls before have played."""
    connection.exec_driver_sql(PLAYED)
    played = connection.scalar(
        text(f"select played from {SIMULATION}.loads where application_schema = :schema"),
        {"schema": settings.application_schema},
    )
    return list(played or ())


def _window(connection: Connection, load: Load, before: list[datetime]) -> tuple[datetime, datetime]:
    if not before:
        until = datetime.fromisoformat(load.until or "")
        return until - FIRST, until
    now = connection.scalar(text("select date_trunc('milliseconds', clock_timestamp())"))
    assert isinstance(now, datetime)  # noqa: S101
    return before[-1], now


def _cast(connection: Connection, since: datetime, until: datetime, worth: timedelta) -> Cast:
    def rows(statement: str) -> list[Any]:
        given = {"since": since, "until": until, "returns": since - RETURNS}
        return list(connection.execute(text(statement), given))

    return Cast(
        since=since,
        until=until,
        days=worth.days,
        members=rows("select id::text, created_at from users order by created_at, id"),
        crooks=[
            row.id
            for row in rows(
                f"select member_id::text as id from {SIMULATION}.simulation_truth"
                " where role = 'user' and fraud order by 1"
            )
        ],
        bought=rows(
            "select id::text, buyer_id::text, created_at, cancelled_at from orders"
            " where created_at >= :since and created_at < :until order by created_at, id"
        ),
        ended=rows(
            "select id::text, completed_at from orders where status = 'completed' and refunded_at is null"
            " and completed_at >= :returns and completed_at < :until order by completed_at, id"
        ),
        joined=rows(
            "select id::text, created_at from users where created_at >= :returns and created_at < :until"
            " order by created_at, id"
        ),
    )


def _carry_out(connection: Connection, kind: str, values: dict[str, Any]) -> int:
    """How many rows it wrote: 0 where stock, limit or balance did not suffice."""
    return connection.execute(_statement(kind), values).rowcount


@cache
def _statement(kind: str) -> TextClause:
    return text(render(f"marketplace/events/{kind}.sql.j2"))

"""What a run says to the models: one row in the build's schema, which they read through `as_of()`."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from standing.build.fingerprint import SETTINGS
from standing.database.clock import wall_clock
from standing.settings import Settings
from standing.sql import quoted

TABLE = "run_context"
#: Unlogged: that it is empty says that a crash of the server has emptied the build.
COLUMNS = """
    run_id bigint not null,
    as_of timestamptz not null,
    everybody boolean not null,
    everything boolean not null,
    derived_by text not null,
    wall_clock timestamptz not null,
    application_schema text not null,
    business_time_zone text not null,
    source_time_zone text not null,
    min_transactions_for_gold integer not null,
    min_transactions_for_diamond integer not null
"""


@dataclass(frozen=True)
class Context:
    """Whether `everybody` is built, or only the due; whether `everything` is derived, or only stale rows.

    `derived_by` is the fingerprint of what the build derives.
    """

    run_id: int
    as_of: datetime
    everybody: bool
    everything: bool
    derived_by: str


def is_lost(connection: Connection, settings: Settings, built: Set[str]) -> bool:
    """Whether a crash of the server has emptied the build, or a copy was made without its rows."""
    if TABLE not in built:
        return False
    table = quoted(settings.build_schema, TABLE)
    return not connection.scalar(text(f"select exists (select from {table})"))


def write_context(connection: Connection, settings: Settings, context: Context) -> None:
    """Write the one row into the build's schema, with the settings that a fingerprint covers."""
    table = quoted(settings.build_schema, TABLE)
    row = {
        **vars(context),
        "wall_clock": wall_clock(connection.engine),
        **{name: getattr(settings, name) for name in SETTINGS},
    }
    connection.execute(text(f"delete from {table}"))
    values = ", ".join(f":{name}" for name in row)
    connection.execute(text(f"insert into {table} ({', '.join(row)}) values ({values})"), row)

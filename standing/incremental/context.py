"""What a run tells the models: one row in the build's schema, which they read through `as_of()`."""

from datetime import datetime

from sqlalchemy import Connection, Engine, text

from standing.database.clock import wall_clock
from standing.incremental.materialized import judged_by, make_lists
from standing.settings import Settings
from standing.sql import quoted

COLUMNS = """
    run_id bigint not null,
    as_of timestamptz not null,
    everybody boolean not null,
    everything boolean not null,
    judged_by text not null,
    wall_clock timestamptz not null,
    business_time_zone text not null,
    source_time_zone text not null,
    min_transactions_for_gold integer not null,
    min_transactions_for_diamond integer not null
"""


def make_build_schema(engine: Engine, settings: Settings) -> None:
    """Make the schema that dbt builds into, and the lists of what is judged there; idempotent."""
    with engine.begin() as connection:
        connection.execute(text(f"create schema if not exists {quoted(settings.build_schema)}"))
        make_lists(connection, settings)


def write_context(
    connection: Connection,
    settings: Settings,
    run_id: int,
    as_of: datetime,
    everybody: bool = True,
    everything: bool = True,
) -> None:
    """Write the run's one row of context into the build's schema.

    `everybody` is to be built, or only the due; `everything` is to be judged, or only what is listed as stale.
    """
    context = quoted(settings.build_schema, "run_context")
    row = {
        "run_id": run_id,
        "as_of": as_of,
        "everybody": everybody,
        "everything": everything,
        "judged_by": judged_by(connection, settings),
        "wall_clock": wall_clock(connection.engine),
        "business_time_zone": settings.business_time_zone,
        "source_time_zone": settings.source_time_zone,
        "min_transactions_for_gold": settings.min_transactions_for_gold,
        "min_transactions_for_diamond": settings.min_transactions_for_diamond,
    }
    connection.execute(text(f"create table if not exists {context} ({COLUMNS})"))
    connection.execute(text(f"delete from {context}"))
    _complete(connection, context)
    names = ", ".join(row)
    values = ", ".join(f":{name}" for name in row)
    connection.execute(text(f"insert into {context} ({names}) values ({values})"), row)


def _complete(connection: Connection, context: str) -> None:
    """Give an empty one that an earlier version made the columns it lacks; views read it, so it has to stay."""
    is_old = connection.scalar(
        text(
            "select not exists (select from pg_attribute where attrelid = to_regclass(:context)"
            " and attname = 'everything')"
        ),
        {"context": context},
    )
    if is_old:
        connection.execute(
            text(f"alter table {context} add everything boolean not null, add judged_by text not null")
        )

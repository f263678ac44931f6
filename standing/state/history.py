"""The history: what documents were before each run, in one partition a day (UTC).

Kept for STANDING_HISTORY_DAYS, whole days dropped at the end of a run. Who is gone from the application is
erased from it, and from everything else that Standing keeps in the database.
"""

from sqlalchemy import Connection, Engine, text

from standing.contract.targets import Target
from standing.settings import Settings
from standing.sql import quoted


def open_partitions(engine: Engine) -> None:
    """The history's partitions for today and tomorrow (UTC): a run may pass midnight."""
    with engine.begin() as connection:
        days = connection.scalars(
            text(
                "select to_char(now() at time zone 'UTC' + n * interval '1 day', 'YYYYMMDD')"
                " from generate_series(0, 1) as n"
            )
        ).all()
        for day in days:
            connection.execute(
                text(
                    f"create table if not exists standing.history_{day} partition of standing.history"
                    f" for values from ('{day} 00:00+00') to (date '{day}' + 1)"
                )
            )


def written_by(connection: Connection, run_id: int, targets: tuple[Target, ...]) -> dict[str, int]:
    """Documents that a run has written, by target, also where it broke off."""
    counted = (
        "select target, count(*) as written from standing.history"
        " where run_id = :run_id and published_at >="
        " (select started_at from standing.runs where run_id = :run_id) group by 1"
    )
    written = {row.target: row.written for row in connection.execute(text(counted), {"run_id": run_id})}
    return {target.name: written.get(target.name, 0) for target in targets}


def prune(connection: Connection, settings: Settings) -> int:
    """Drop the days (UTC) that are older than the history is kept; gives their number."""
    old = connection.scalars(
        text(
            "select class.relname from pg_inherits join pg_class as class on class.oid = inhrelid"
            " where inhparent = 'standing.history'::regclass and class.relname ~ '^history_[0-9]{8}$'"
            " and to_date(right(class.relname, 8), 'YYYYMMDD') < (now() at time zone 'UTC')::date - :days"
        ),
        {"days": settings.history_days},
    ).all()
    for name in old:
        connection.execute(text(f"drop table standing.{quoted(name)}"))
    return len(old)

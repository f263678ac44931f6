"""The history: what documents were before each run, in one partition a day (UTC)."""

from sqlalchemy import Engine, text


def open_partitions(engine: Engine) -> None:
    """The history's partitions for today and tomorrow (UTC): a run may pass midnight."""
    with engine.begin() as connection:
        days = connection.scalars(
            text(
                "select to_char(now() at time zone 'UTC' + n * interval '1 day', 'YYYYMMDD') from generate_series(0, 1) as n"
            )
        ).all()
        for day in days:
            connection.execute(
                text(
                    f"create table if not exists standing.history_{day} partition of standing.history"
                    f" for values from ('{day} 00:00+00') to (date '{day}' + 1)"
                )
            )

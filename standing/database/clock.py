"""The server's clock: the only one that a run reads."""

from datetime import datetime

from sqlalchemy import Engine, text

from standing.errors import SettingError


def wall_clock(engine: Engine) -> datetime:
    """The server's clock, to the second, as documents write it."""
    with engine.connect() as connection:
        now: datetime = connection.execute(
            text("select date_trunc('second', clock_timestamp())")
        ).scalar_one()
    return now


def past_moment(engine: Engine, given: datetime) -> datetime:
    """A moment to replay, to the second. Raises SettingError for one in the future."""
    now = wall_clock(engine)
    if given > now:
        raise SettingError(
            f"--as-of {given.isoformat()} lies in the future; it is {now.isoformat()}",
            "give a past moment for a replay, or leave --as-of out",
        )
    return given.replace(microsecond=0)

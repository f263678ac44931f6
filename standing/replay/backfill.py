"""Scores as they would have been: replays of past moments, kept in `standing.past_documents`.

Each moment is a replay of its own and then one set-based copy, so that a backfill that was stopped goes on
where it was; what the application reads is never touched.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text

from standing.audit import lasting
from standing.backtest.moments import months_later
from standing.build.policy import policy_version
from standing.contract.targets import documents_among, targets_of
from standing.database.connect import connect
from standing.database.lock import run_lock
from standing.errors import SettingError
from standing.run.execute import Perform, execute_locked, run_directly
from standing.run.outcome import RunOutcome
from standing.run.run import Request
from standing.settings import Settings
from standing.sql import quoted
from standing.state.rights import REPLAY, RUN
from standing.state.upgraded import require_upgraded

STEP = re.compile(r"([1-9]\d{0,3})([hdwM])")
UNITS = {"h": "hours", "d": "days", "w": "weeks"}
SHORTEST_MONTH = timedelta(days=28)
MOMENTS_LIMIT = 5000


@dataclass(frozen=True)
class Backfill:
    """Moments from `first` to `last`, both included, on the business's calendar: so many `months` apart, or
    `every` apart where `months` is 0.
    """

    first: datetime
    last: datetime
    every: timedelta
    months: int = 0

    @classmethod
    def asked(cls, first: datetime, last: datetime, every: str) -> "Backfill":
        """Raises SettingError for a step that is none, a range backwards, or one of too many moments."""
        found = STEP.fullmatch(every)
        if found is None:
            raise SettingError(f"--every {every!r} is no step", "write it like 6h, 1d, 1w or 1M")
        number, unit = int(found[1]), found[2]
        months = number if unit == "M" else 0
        step = number * SHORTEST_MONTH if months else timedelta(**{UNITS[unit]: number})
        if first > last:
            raise SettingError(f"--from {first.isoformat()} is after --to {last.isoformat()}", "swap them")
        if (last - first) / step > MOMENTS_LIMIT:
            raise SettingError(f"that is more than {MOMENTS_LIMIT:,} moments", "take a longer --every")
        return cls(first, last, step, months)

    def moments(self, zone: str) -> Iterator[datetime]:
        first = moment = self.first.astimezone(ZoneInfo(zone))
        for step in count(1):
            if moment > self.last:
                return
            yield moment
            # On the calendar: a day later is the same hour of the next day.
            moment = months_later(first, step * self.months) if self.months else moment + self.every


#: Called after each moment: the moment, its number, how many in all, whether it was done before.
OnMoment = Callable[[datetime, int, int, bool], None]


def backfill(
    settings: Settings, asked: Backfill, on_moment: OnMoment, perform: Perform = run_directly
) -> tuple[int, RunOutcome | None]:
    """Fill the moments that are not there yet under the policy in force.

    Gives how many were filled, and the outcome of the replay that ended badly, where one did. Raises
    LockTaken when another run is at work for too long.
    """
    moments = list(asked.moments(settings.business_time_zone))
    policy = policy_version()
    filled = 0
    with connect(settings) as engine, lasting():
        with engine.connect() as connection:
            require_upgraded(connection, settings, RUN, REPLAY)
        for number, moment in enumerate(moments, 1):
            done = _is_filled(engine, moment, policy)
            if not done:
                # One lock over replay and copy, and none in between: other runs get their turn.
                with run_lock(engine, settings.lock_wait_minutes, settings.database_url_direct) as lock:
                    outcome = execute_locked(engine, settings, lock, Request("all", as_of=moment), perform)
                    if outcome.status != "replayed":
                        return filled, outcome
                    _keep(engine, settings, outcome, policy)
                filled += 1
            on_moment(moment, number, len(moments), done)
        _enter_end(engine, moments[-1])
    return filled, None


def _is_filled(engine: Engine, moment: datetime, policy: str) -> bool:
    with engine.connect() as connection:
        found = connection.scalar(
            text(
                "select 1 from standing.past_moments"
                " where as_of = date_trunc('second', cast(:moment as timestamptz))"
                " and policy_version = :policy"
            ),
            {"moment": moment, "policy": policy},
        )
    return found is not None


def _keep(engine: Engine, settings: Settings, outcome: RunOutcome, policy: str) -> None:
    """Copy the replay's documents, in one transaction."""
    known = {"moment": outcome.as_of, "policy": policy}
    with engine.begin() as connection:
        redone = connection.execute(text("delete from standing.past_moments where as_of = :moment"), known)
        if redone.rowcount:
            connection.execute(text("delete from standing.past_documents where as_of = :moment"), known)
        documents = 0
        for target in documents_among(targets_of("all")):
            copied = connection.execute(
                text(
                    "insert into standing.past_documents (target, member_id, as_of, document)"
                    f" select :target, {target.key}, :moment, document"
                    f" from {quoted(settings.replay_schema, target.mart)}"
                ),
                {"target": target.name, **known},
            )
            documents += copied.rowcount
        connection.execute(
            text(
                "insert into standing.past_moments (as_of, policy_version, documents)"
                " values (:moment, :policy, :documents)"
            ),
            {**known, "documents": documents},
        )


def _enter_end(engine: Engine, last: datetime) -> None:
    """Enter that the whole backfill ended well with the run of its last moment."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "update standing.runs set summary = coalesce(summary, '{}')"
                " || jsonb_build_object('backfill', jsonb_build_object('finished_at', clock_timestamp()))"
                " where run_id = (select max(run_id) from standing.runs where status = 'replayed'"
                " and as_of = date_trunc('second', cast(:last as timestamptz)))"
            ),
            {"last": last},
        )

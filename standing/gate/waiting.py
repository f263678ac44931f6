"""Stopped runs that nobody has decided: who waits for them, and until when."""

from sqlalchemy import Connection, text

from standing.contract.targets import Target, targets_of
from standing.gate import change_sets
from standing.settings import Settings
from standing.sql import quoted

#: A condition on stopped runs: the time to decide is over.
IS_OVER = "coalesce((summary ->> 'expires_at')::timestamptz <= clock_timestamp(), false)"


def expiry(connection: Connection, settings: Settings) -> str:
    """When a run that stops now expires, by the policy of its build; ISO 8601."""
    policy = quoted(settings.build_schema, "policy_numbers")
    moment: str = connection.execute(
        text(
            "select to_char(clock_timestamp() at time zone 'UTC' + value * interval '1 hour',"
            f" 'YYYY-MM-DD\"T\"HH24\\:MI\\:SS\"Z\"') from {policy} where name = 'gate_expiry_hours'"
        )
    ).scalar_one()
    return moment


def undecided(connection: Connection, targets: tuple[Target, ...]) -> int | None:
    """As `awaited`. Old ones expire first, in the caller's transaction: their change sets go, their members
    stay due.
    """
    expire(connection)
    return awaited(connection, targets)


def awaited(connection: Connection, targets: tuple[Target, ...]) -> int | None:
    """The first stopped run that awaits a decision on one of these targets, or None; only reads."""
    waiting = connection.execute(
        text(
            "select run_id, selection from standing.runs where status = 'stopped'"
            f" and not {IS_OVER} order by run_id"
        )
    )
    names = {target.name for target in targets}
    for row in waiting:
        if names & {target.name for target in targets_of(row.selection)}:
            return int(row.run_id)
    return None


def expire(connection: Connection) -> None:
    """Stopped runs whose time to decide is over become `expired`; their change sets go."""
    expired = connection.scalars(
        text(
            "update standing.runs set status = 'expired', message = 'nobody decided in time; ' || message"
            f" where status = 'stopped' and {IS_OVER}"
            " returning run_id"
        )
    ).all()
    for run_id in expired:
        change_sets.drop(connection, run_id)

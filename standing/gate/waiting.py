"""Stopped runs that nobody has decided: who waits for them, and until when."""

from sqlalchemy import Connection, text

from standing.gate import change_sets
from standing.gate.held import with_dependents
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


def undecided(connection: Connection) -> dict[str, int]:
    """As `awaited`. Old ones expire first, in the caller's transaction: their change sets go, their members
    stay due.
    """
    expire(connection)
    return awaited(connection)


def awaited(connection: Connection) -> dict[str, int]:
    """Target → the first stopped run that awaits a decision on it; only reads.

    A target that is made from the candidates of one that waits, waits as well.
    """
    waiting = connection.scalars(
        text(f"select run_id from standing.runs where status = 'stopped' and not {IS_OVER} order by run_id")
    )
    found: dict[str, int] = {}
    for run_id in waiting.all():
        names = {target.name for target in change_sets.held_by(connection, run_id)}
        found = dict.fromkeys(with_dependents(names), run_id) | found
    return found


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

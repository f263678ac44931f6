"""A member's points, lot by lot: from what, what is left until when, what is next, and whether it adds up.

Every sum is SQL's, over what the last run that built points has decided and what the ledger says now.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from standing.contract.points import POINTS
from standing.database.connect import rows
from standing.database.schemas import relations
from standing.errors import SettingError, StandingError
from standing.settings import Settings
from standing.sql import quoted, render
from standing.text import plain

#: What is read of a build.
READ = {*POINTS.marts, POINTS.types, "stg_points_transactions", "run_context"}
#: When what is held may be spent, and what each end to come will take.
NEXT_HOLDS = """
    select credited_at as at, sum(points) as points from {0}.point_lots
    where user_id = :key and points_left is null group by credited_at order by credited_at
"""
NEXT_ENDS = """
    select ends_at as at, sum(points_left) as points from {0}.point_lots
    where user_id = :key and points_left > 0 group by ends_at order by ends_at nulls last
"""
#: What ends that have come have taken, or will with the next run.
PAST_ENDS = """
    select expires_at as at, -worth as points from {0}.point_postings
    where user_id = :key and source = 'expiry' and worth != 0 order by expires_at
"""
IS_DUE = """
    select exists (
        select from standing.due where target = :target and (member_id = :key or member_id is null)
        union all
        select from standing.change_log
        where user_id = :key or num_nonnulls(user_id, seller_id, order_id, thread_id, review_id) = 0
    )
"""
#: As of when a run last built points, or found that nobody is due.
BUILT = f"""
    select max(as_of) from standing.runs
    where status in ('published', 'approved', 'stopped') and summary -> 'targets' ? '{POINTS.name}'
"""
#: The first stopped run that awaits a decision on the member's points.
AWAITED = """
    select min(run_id) from standing.change_sets where target = :target and member_id = :key
"""
HELD = "select run_id from standing.holds where target = :target and member_id = :key"


@dataclass(frozen=True)
class PointsExplanation:
    """One member's points as of a moment.

    `account` has the sums, `entries` the ledger's by what they were for, `lots` what is left of each lot;
    `holds` and `ends` are what comes next, `ended` what was taken. `disagreements` are sentences, each with
    the audit that names the same; none where all adds up.
    """

    member_id: str
    as_of: datetime
    account: dict[str, Any]
    entries: list[dict[str, Any]] = field(default_factory=list)
    lots: list[dict[str, Any]] = field(default_factory=list)
    holds: list[dict[str, Any]] = field(default_factory=list)
    ends: list[dict[str, Any]] = field(default_factory=list)
    ended: list[dict[str, Any]] = field(default_factory=list)
    disagreements: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        found: dict[str, Any] = plain({"kind": "points", **vars(self)})
        return found


def key_of(member_id: str) -> UUID:
    """Raises SettingError for what is no UUID."""
    try:
        return UUID(member_id)
    except ValueError:
        raise SettingError(f"{member_id!r} is not a UUID", "give the id of the row") from None


def explain_points(
    connection: Connection, settings: Settings, key: UUID, replayed: bool = False
) -> PointsExplanation:
    """Explain what the build's schema has of a member's points.

    Raises SettingError if there is no such member, StandingError where no run has built points.
    """
    build = quoted(settings.build_schema)
    if not relations(connection, settings.build_schema) >= READ:
        raise StandingError("no run of this version has built points yet", "standing run points")
    names = {
        "build": build,
        "accounts": quoted(settings.application_schema, POINTS.account),
        "replayed": replayed,
    }
    account = rows(connection, render("why/points_account.sql.j2", **names), key=key)
    if not account:
        raise _unknown(connection, settings, key)
    as_of = None if replayed else connection.scalar(text(BUILT))
    as_of = as_of or connection.execute(text(f"select as_of from {build}.run_context")).scalar_one()
    return PointsExplanation(
        member_id=str(key),
        as_of=as_of,
        account=account[0],
        entries=rows(connection, render("why/points_entries.sql.j2", **names), key=key),
        lots=rows(connection, render("why/points_lots.sql.j2", **names), key=key),
        holds=rows(connection, NEXT_HOLDS.format(build), key=key),
        ends=rows(connection, NEXT_ENDS.format(build), key=key),
        ended=rows(connection, PAST_ENDS.format(build), key=key),
        disagreements=_disagreements(connection, account[0], key, replayed),
    )


def _unknown(connection: Connection, settings: Settings, key: UUID) -> StandingError:
    table = quoted(settings.application_schema, POINTS.table)
    is_there = connection.scalar(text(f"select exists (select from {table} where id = :key)"), {"key": key})
    if is_there:
        return StandingError(f"no run has built the points of user {key} yet", "standing run points")
    return SettingError(
        f"there is no user {key} in {POINTS.table}",
        "standing psql -- -c 'select user_id from loyalty_programs limit 10' shows some",
    )


def _disagreements(connection: Connection, account: dict[str, Any], key: UUID, replayed: bool) -> list[str]:
    said = []
    balance, ledger, decided = (account[name] for name in ("points_balance", "ledger", "decided"))
    if balance != ledger:
        said.append(
            f"the balance is {balance:,.0f} and the ledger adds up to {ledger:,.0f}: nothing is posted"
            " until both agree (audit points_ledger_adds_up_to_the_balance)"
        )
    if ledger != decided:
        said.append(
            f"the ledger adds up to {ledger:,.0f} and by the keys it should to {decided:,.0f}:"
            f" {_reason(connection, key, replayed)}"
        )
    if not account["lots_agree"]:
        said.append(
            f"the lots have {account['points_left']:,.0f} points and by the keys"
            f" {account['spendable']:,.0f} may be spent (audit points_left_in_lots_are_what_may_be_spent);"
            " standing run --full builds them anew"
        )
    return said


def _reason(connection: Connection, key: UUID, replayed: bool) -> str:
    """Why the ledger is not what the keys are worth."""
    given = {"target": POINTS.name, "key": key}
    if replayed:
        return "what a run of that moment would have posted"
    if (run_id := connection.scalar(text(HELD), given)) is not None:
        return f"run {run_id} was undone, and nothing is posted until standing resume {run_id}"
    if (waits := connection.scalar(text(AWAITED), given)) is not None:
        return f"run {waits} awaits a decision: standing report {waits}"
    if connection.scalar(text(IS_DUE), given):
        return "something has changed since; the next run builds it anew"
    return "see who else writes the ledger (audit points_are_what_the_run_decided); standing reconcile"

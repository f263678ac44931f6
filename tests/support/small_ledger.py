"""Points of a test's own: small marts beside the build's, of what a test says that keys are worth."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, text
from support.decided import do, rows_of

from standing import PROJECT_ROOT
from standing.contract import points as contract
from standing.database.owners import mark

POINTS = replace(
    contract.POINTS,
    name="toy_points",
    mart="toy_accounts",
    postings="toy_postings",
    selection="toy_points",
    types="toy_types",
    lots=None,
)
#: How docs/operations.md has an application spend: points of a member, where they suffice.
CONTRACT = re.findall(
    r"^    with taken as .*? from taken$",
    (PROJECT_ROOT / "docs" / "operations.md").read_text("utf-8"),
    re.MULTILINE | re.DOTALL,
)[0]
#: When the points of these tests end.
END = datetime(2026, 1, 31, 17, tzinfo=UTC)

#: The ledger as all marts see it, read once; what the upgrade wrote is the application's.
ENTRIES = """
create table standing_build.toy_entries as
select
    p.user_id, p.source,
    case when p.source = 'order' then p.source_id end as source_id,
    case when p.source = 'expiry' then p.expires_at at time zone 'Asia/Bangkok' end as expires_at,
    (coalesce(p.status, 'confirmed') = 'confirmed')::int as counts,
    case when t.meaning = 'debit' then -abs(p.amount) when t.meaning = 'restore' then abs(p.amount)
        else p.amount end as amount,
    p.description != 'Welcome bonus for existing member' and (
        p.source in ('order', 'signup') and p.type in ('earn', 'reverse')
        or p.source = 'expiry' and p.type in ('expire', 'adjust')
    ) as is_of_a_key
from points_transactions as p
left join standing_build.toy_types as t on t.type = p.type
"""
POSTINGS = """
create table standing_build.toy_postings as
with sides as (
    select user_id, source, source_id, expires_at, worth, 0 as posted, 0 as revision
    from standing_build.toy_worth
    union all
    select user_id, source, source_id, expires_at, 0, amount * counts, 1
    from standing_build.toy_entries where is_of_a_key
)
select
    user_id, source, source_id, expires_at, sum(worth) as worth, sum(posted) as posted,
    sum(revision) as revision, 'Points for ' || source as description
from sides
where user_id in (select user_id from standing_build.due_users)
group by user_id, source, source_id, expires_at
"""
ACCOUNTS = """
create table standing_build.toy_accounts as
select
    due.user_id,
    coalesce(worth.lifetime, 0) + coalesce(ledger.gifts, 0) as points_lifetime,
    coalesce(worth.pending, 0) as points_pending,
    coalesce(worth.expired, 0) as points_expired,
    coalesce(ledger.rows, 0) as seen_rows,
    coalesce(ledger.total, 0) as seen_sum,
    coalesce(ledger.application, 0) as application_sum,
    0::numeric as opening,
    '2030-01-01 00:00+00'::timestamptz as valid_until,
    coalesce(programs.points_balance, 0) = coalesce(ledger.total, 0) as agrees
from standing_build.due_users as due
left join loyalty_programs as programs on programs.user_id = due.user_id
left join (
    select
        user_id, sum(counts) as rows, sum(amount * counts) as total,
        sum(amount * counts) filter (where not is_of_a_key) as application,
        sum(amount * counts) filter (where not is_of_a_key and amount > 0) as gifts
    from standing_build.toy_entries group by user_id
) as ledger on ledger.user_id = due.user_id
left join (
    select
        user_id, sum(worth) filter (where source != 'expiry') as lifetime,
        -sum(worth) filter (where source = 'expiry') as expired, 0 as pending
    from standing_build.toy_worth group by user_id
) as worth on worth.user_id = due.user_id
"""


@dataclass(frozen=True)
class Worth:
    """What a member's key is worth: an order's, or with `ends` the points of a month that ended."""

    member: str
    worth: int
    order: str | None = None
    ends: datetime | None = None

    @property
    def source(self) -> str:
        return "order" if self.order else "expiry" if self.ends else "signup"


def read_ledger(engine: Engine) -> None:
    """Read the ledger, for `build`."""
    do(
        engine,
        *(f"drop table if exists standing_build.toy_{one}" for one in ("types", "entries")),
        "create table standing_build.toy_types (type text, meaning text)",
        "insert into standing_build.toy_types values ('earn', 'credit'), ('spend', 'debit'),"
        " ('expire', 'debit'), ('reverse', 'debit'), ('refund', 'restore'), ('adjust', 'signed')",
        ENTRIES,
        *(mark("table", f"standing_build.toy_{one}") for one in ("types", "entries")),
    )


def build(engine: Engine, members: Iterable[str], *worth: Worth, is_read: bool = False) -> None:
    """Make the marts anew for these members, and these members due."""
    if not is_read:
        read_ledger(engine)
    do(
        engine,
        *(f"drop table if exists standing_build.{one}" for one in (*POINTS.marts, "toy_worth")),
        "create table standing_build.toy_worth"
        " (user_id uuid, source text, source_id uuid, expires_at timestamptz, worth numeric)",
        "truncate standing_build.due_users",
    )
    with engine.begin() as connection:
        for member in members:
            for statement in (
                "insert into standing_build.due_users values (:member)",
                "insert into standing.due (target, member_id) values ('toy_points', :member)"
                " on conflict do nothing",
            ):
                connection.execute(text(statement), {"member": member})
        for one in worth:
            connection.execute(
                text("insert into standing_build.toy_worth values (:m, :s, :o, :e, :w)"),
                {"m": one.member, "s": one.source, "o": one.order, "e": one.ends, "w": one.worth},
            )
    do(
        engine,
        POSTINGS,
        ACCOUNTS,
        *(mark("table", f"standing_build.{one}") for one in (*POINTS.marts, "toy_worth")),
    )


def entries(engine: Engine, member: str) -> list[tuple[Any, ...]]:
    """What the ledger has of a member besides the upgrade's welcome bonus: type, amount, balance_after."""
    return rows_of(
        engine,
        "select type, amount, balance_after from points_transactions"
        f" where user_id = '{member}' and description != 'Welcome bonus for existing member'"
        " order by created_at, amount < 0, id",
    )


def balance(engine: Engine, member: str) -> int:
    (found,) = rows_of(engine, f"select points_balance from loyalty_programs where user_id = '{member}'")
    return int(found[0])


def spend(engine: Engine, member: str, points: int) -> None:
    """As the contract of the application says."""
    with engine.begin() as connection:
        connection.execute(text(CONTRACT), {"member": member, "points": points})


#: Over a member's rows the balances before and after cancel, but for one start and one end.
BROKEN = """
with signed as (
    select
        user_id, balance_after,
        case when type in ('spend', 'expire', 'reverse') then -abs(amount) else amount end as amount
    from points_transactions
),
ends as (
    select user_id, value, sum(side) as net from (
        select user_id, balance_after as value, 1 as side from signed
        union all select user_id, balance_after - amount, -1 from signed
    ) as sides
    group by user_id, value having sum(side) != 0
)
select user_id::text from ends group by user_id having sum(abs(net)) > 2
"""
UNEQUAL = """
select user_id::text from loyalty_programs
left join (
    select user_id, sum(case when type in ('spend', 'expire', 'reverse') then -abs(amount) else amount end)
        as total
    from points_transactions group by user_id
) as ledger using (user_id)
where points_balance != coalesce(total, 0)
"""

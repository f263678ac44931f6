"""The walk that gives every member a loyalty programme and, once, the welcome bonus."""

from collections.abc import Collection

from standing.database.catalog import Catalog
from standing.database.connect import STANDING_SCHEMA
from standing.settings import Settings
from standing.sql import literal, quoted
from standing.upgrade.fill.walk import Backfill
from standing.upgrade.steps import Item

#: Rows that were added to a table that was there before, for rollback to take out.
NOTE = """,

noted_{name} as (
    insert into {rows} (table_name, row_id) select '{name}', id from {source} on conflict do nothing
)"""


def loyalty_programs(catalog: Catalog, made: Collection[Item], settings: Settings, batch: int) -> Backfill:
    """A programme for everybody; the bonus where the ledger has no earned signup yet.

    Balance, lifetime points and the transaction's `balance_after` agree, also for a programme that had
    points before.
    """
    bonus = settings.loyalty_welcome_bonus
    ours = {item.name for item in made if item.kind == "table"}
    existing = {name for name in ("loyalty_programs", "points_transactions") if catalog.has(name)} - ours
    words = {
        "users": quoted(catalog.schema, "users"),
        "programs": quoted(catalog.schema, "loyalty_programs"),
        "points": quoted(catalog.schema, "points_transactions"),
        "bonus": str(bonus),
        "since": _member_since(catalog, settings),
        "entries": ENTRIES.format(points=quoted(catalog.schema, "points_transactions")),
        "award": AWARD.format(points=quoted(catalog.schema, "points_transactions"), bonus=bonus),
        "note_program": _note("loyalty_programs", "enrolled") if "loyalty_programs" in existing else "",
        "note_award": _note("points_transactions", "awarded") if existing else "",
    }
    unpaid = UNPAID.format(points=words["points"])
    enrolled = f"exists (select 1 from {words['programs']} as l where l.user_id = t.id)"
    pending = f"(not {enrolled} or {unpaid})" if bonus else f"not {enrolled}"
    statements = (ENROL.format(**words), PAY.format(**words)) if bonus else (ENROL.format(**words),)
    return Backfill("loyalty programmes", "users", pending, statements, batch)


def _member_since(catalog: Catalog, settings: Settings) -> str:
    """`member_since` has no zone: a moment is written as the clock of SOURCE_TIME_ZONE showed it."""
    column = catalog.columns.get(("users", "created_at"))
    if column and column.type == "timestamp with time zone":
        return f"t.created_at at time zone {literal(settings.source_time_zone)}"
    return "t.created_at"


def _note(table: str, source: str) -> str:
    return NOTE.format(name=table, rows=quoted(STANDING_SCHEMA, "upgrade_rows"), source=source)


UNPAID = """not exists (
        select 1 from {points} as p
        where p.user_id = t.id and p.type = 'earn' and p.source = 'signup'
    )"""

#: What the members of a batch have in the ledger, found by their ids and nothing else: the planner
#: knows nothing about a table that is filling, and other indexes look as good to it.
ENTRIES = """entries as materialized (
    select p.id, p.user_id, p.type, p.source, p.amount, p.balance_after, p.created_at
    from {points} as p
    where p.user_id = any(:ids)
),

welcomed as (
    select distinct user_id from entries where type = 'earn' and source = 'signup'
)"""

AWARD = """
awarded as (
    insert into {points} (user_id, type, amount, balance_after, source, description)
    select user_id, 'earn', {bonus}, points_balance, 'signup', 'Welcome bonus for existing member'
    from paid
    order by user_id
    returning id
)"""

ENROL = """
with {entries},

history as (
    select
        user_id, (array_agg(balance_after order by created_at desc, id))[1] as balance,
        coalesce(sum(amount) filter (where type = 'earn'), 0) as earned
    from entries
    group by user_id
),

enrolled_before as materialized (
    select l.user_id from {programs} as l where l.user_id = any(:ids)
),

due as (
    select
        t.id, {since} as member_since,
        case when welcomed.user_id is null then {bonus} else 0 end as bonus,
        coalesce(history.balance, 0) as balance, coalesce(history.earned, 0) as earned
    from {users} as t
    left join welcomed on welcomed.user_id = t.id
    left join history on history.user_id = t.id
    where t.id = any(:ids) and t.id not in (select user_id from enrolled_before)
),

enrolled as (
    insert into {programs} (user_id, points_balance, points_lifetime, tier, member_since)
    select id, balance + bonus, earned + bonus, 'bronze', member_since
    from due
    order by id
    on conflict (user_id) do nothing
    returning id, user_id, points_balance
),

paid as (
    select enrolled.user_id, enrolled.points_balance
    from enrolled
    join due on due.id = enrolled.user_id
    where due.bonus > 0
),
{award}{note_program}{note_award}

select count(*) from enrolled
"""

PAY = """
with {entries},

unpaid as (
    select l.user_id as id from {programs} as l
    where l.user_id = any(:ids) and l.user_id not in (select user_id from welcomed)
),

locked as (
    select l.user_id from {programs} as l
    join unpaid on unpaid.id = l.user_id
    order by l.user_id
    for no key update of l
),

paid as (
    update {programs} as l
    set
        points_balance = coalesce(l.points_balance, 0) + {bonus},
        points_lifetime = coalesce(l.points_lifetime, 0) + {bonus}
    from locked
    where l.user_id = locked.user_id
    returning l.user_id, l.points_balance
),
{award}{note_award}

select count(*) from awarded
"""

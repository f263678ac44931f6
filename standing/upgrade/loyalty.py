"""The walk that gives every member a loyalty programme and, once, the welcome bonus."""

from collections.abc import Collection

from migrations.declare import literal
from standing.database import STANDING_SCHEMA
from standing.settings import Settings
from standing.upgrade.backfill import Backfill
from standing.upgrade.catalog import Catalog
from standing.upgrade.steps import Item, quoted

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
    found = {name for name in ("loyalty_programs", "points_transactions") if catalog.has(name)} - ours
    words = {
        "users": quoted(catalog.schema, "users"),
        "programs": quoted(catalog.schema, "loyalty_programs"),
        "points": quoted(catalog.schema, "points_transactions"),
        "bonus": str(bonus),
        "since": _member_since(catalog, settings),
        "unpaid": UNPAID.format(points=quoted(catalog.schema, "points_transactions")),
        "award": AWARD.format(points=quoted(catalog.schema, "points_transactions"), bonus=bonus),
        "note_program": _note("loyalty_programs", "enrolled") if "loyalty_programs" in found else "",
        "note_award": _note("points_transactions", "awarded") if found else "",
    }
    enrolled = f"exists (select 1 from {words['programs']} as l where l.user_id = t.id)"
    pending = f"(not {enrolled} or {words['unpaid']})" if bonus else f"not {enrolled}"
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

AWARD = """
awarded as (
    insert into {points} (user_id, type, amount, balance_after, source, description)
    select user_id, 'earn', {bonus}, points_balance, 'signup', 'Welcome bonus for existing member'
    from paid
    order by user_id
    returning id
)"""

ENROL = """
with due as (
    select
        t.id, {since} as member_since,
        case when {unpaid} then {bonus} else 0 end as bonus,
        coalesce((
            select p.balance_after from {points} as p
            where p.user_id = t.id order by p.created_at desc, p.id limit 1
        ), 0) as balance,
        coalesce((
            select sum(p.amount) from {points} as p where p.user_id = t.id and p.type = 'earn'
        ), 0) as earned
    from {users} as t
    where t.id = any(:ids) and not exists (select 1 from {programs} as l where l.user_id = t.id)
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
with unpaid as (
    select t.id from {users} as t where t.id = any(:ids) and {unpaid}
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

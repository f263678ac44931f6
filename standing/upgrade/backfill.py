"""The guide's "migrate existing data", in short batches by key, resumable, and the same however often.

Every batch touches only members who still have what the column's default gave them, so a repeated
batch changes nothing and no document that the application or a run has written is overwritten.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from psycopg import errors

from migrations.declare import literal
from migrations.schema import RATINGS, TIER_INFO, TRUST_SCORE
from standing.database import STANDING_SCHEMA
from standing.settings import Settings
from standing.upgrade.catalog import Catalog, rows
from standing.upgrade.session import PASSING, Session
from standing.upgrade.steps import quoted

PROGRESS = quoted(STANDING_SCHEMA, "backfill")

#: A member may be deleted between our reading the key and our writing a row that refers to it.
BATCH_PASSING = (*PASSING, errors.ForeignKeyViolation)

#: Told the step, the members seen so far and about how many there are.
Report = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Backfill:
    """One walk over a table by its key.

    `pending` is a condition on the row `t` for what is not backfilled yet; `statements` change the
    rows whose ids are the array that stands for `:ids`.
    """

    name: str
    table: str
    pending: str
    statements: tuple[str, ...]
    batch: int


def plan_backfill(catalog: Catalog, settings: Settings, batch: int = 5000) -> list[Backfill]:
    """The walks, in order: trust scores, loyalty with the welcome bonus, seller ratings, seller tiers."""
    schema = catalog.schema
    return [
        _transaction_scores(schema, batch),
        _loyalty(catalog, settings, batch),
        _ratings(schema, batch),
        _tiers(schema, max(batch // 10, 1)),
    ]


def _transaction_scores(schema: str, batch: int) -> Backfill:
    users, orders = quoted(schema, "users"), quoted(schema, "orders")
    update = f"""
with due as (
    select t.id from {users} as t where t.id = any(:ids) order by t.id for no key update
),

completed as (
    select o.buyer_id, count(*) as orders
    from {orders} as o
    where o.buyer_id = any(:ids) and o.status::text = 'completed'
    group by o.buyer_id
)

update {users} as t
set trust_score = jsonb_set(t.trust_score, '{{transaction_score}}', to_jsonb(case
    when completed.orders > 50 then 80
    when completed.orders > 20 then 60
    when completed.orders > 5 then 40
    else 20
end))
from due
left join completed on completed.buyer_id = due.id
where t.id = due.id and {TRUST_SCORE.untouched("t.trust_score")}
"""
    pending = TRUST_SCORE.untouched("t.trust_score")
    return Backfill("transaction scores", "users", pending, (update,), batch)


def _loyalty(catalog: Catalog, settings: Settings, batch: int) -> Backfill:
    """A programme for everybody; the bonus where there is no earned signup in the ledger yet."""
    schema, bonus = catalog.schema, settings.loyalty_welcome_bonus
    users = quoted(schema, "users")
    programs, points = quoted(schema, "loyalty_programs"), quoted(schema, "points_transactions")
    since = "t.created_at"
    if catalog.columns[("users", "created_at")].type == "timestamp with time zone":
        since = f"t.created_at at time zone {literal(settings.source_time_zone)}"
    unpaid = f"""not exists (
        select 1 from {points} as p
        where p.user_id = t.id and p.type = 'earn' and p.source = 'signup'
    )"""
    latest = f"""(
        select p.balance_after from {points} as p
        where p.user_id = t.id order by p.created_at desc, p.id limit 1
    )"""
    earned = f"(select sum(p.amount) from {points} as p where p.user_id = t.id and p.type = 'earn')"
    award = f"""
insert into {points} (user_id, type, amount, balance_after, source, description)
select user_id, 'earn', {bonus}, points_balance, 'signup', 'Welcome bonus for existing member'
from paid
"""
    enrol = f"""
with due as (
    select t.id, {since} as member_since, case when {unpaid} then {bonus} else 0 end as bonus,
        coalesce({latest}, 0) as balance, coalesce({earned}, 0) as earned
    from {users} as t
    where t.id = any(:ids) and not exists (select 1 from {programs} as l where l.user_id = t.id)
),

enrolled as (
    insert into {programs} (user_id, points_balance, points_lifetime, tier, member_since)
    select id, balance + bonus, earned + bonus, 'bronze', member_since
    from due
    order by id
    on conflict (user_id) do nothing
    returning user_id, points_balance
),

paid as (
    select enrolled.* from enrolled join due on due.id = enrolled.user_id where due.bonus > 0
)
{award}"""
    pay = f"""
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
        points_lifetime = coalesce(l.points_lifetime, 0) + {bonus},
        last_updated = now()
    from locked
    where l.user_id = locked.user_id
    returning l.user_id, l.points_balance
)
{award}"""
    enrolled = f"exists (select 1 from {programs} as l where l.user_id = t.id)"
    pending = f"not {enrolled}" + (f" or {unpaid}" if bonus else "")
    return Backfill(
        "loyalty programmes", "users", f"({pending})", (enrol, pay) if bonus else (enrol,), batch
    )


def _ratings(schema: str, batch: int) -> Backfill:
    sellers = quoted(schema, "seller_profiles")
    score = "coalesce(t.rating_score, 0)"
    dimensions = (
        "overall",
        "product_quality",
        "communication",
        "shipping_speed",
        "packaging",
        "accuracy",
        "value_for_money",
    )
    known = ", ".join(f"'{key}', {score}" for key in dimensions)
    pending = f"{RATINGS.untouched('t.ratings')} and ({score} <> 0 or coalesce(t.rating_count, 0) <> 0)"
    moment = RATINGS.expression.split(" || ", 1)[1]
    update = f"""
with due as (
    select t.id from {sellers} as t where t.id = any(:ids) order by t.id for no key update
)

update {sellers} as t
set ratings = t.ratings || jsonb_build_object(
    {known}, 'total_reviews', coalesce(t.rating_count, 0), 'rating_trend', 'stable'
) || {moment}
from due
where t.id = due.id and {pending}
"""
    return Backfill("seller ratings", "seller_profiles", pending, (update,), batch)


def _tiers(schema: str, batch: int) -> Backfill:
    sellers, orders = quoted(schema, "seller_profiles"), quoted(schema, "orders")
    moment = TIER_INFO.expression.split(" || ", 1)[1]
    pending = f"{TIER_INFO.untouched('t.tier_info')} and t.rating_score >= 4.0"
    update = f"""
with due as (
    select t.id from {sellers} as t where t.id = any(:ids) order by t.id for no key update
),

completed as (
    select o.seller_id, count(*) as orders
    from {orders} as o
    where o.seller_id = any(:ids) and o.status::text = 'completed'
    group by o.seller_id
),

tiers (tier, level, min_orders, min_rating) as (
    values
        ('top_seller', 5, 500, 4.7),
        ('power_seller', 4, 200, 4.5),
        ('established', 3, 50, 4.3),
        ('rising', 2, 10, 4.0)
),

earned as (
    select distinct on (t.id) t.id, tiers.tier, tiers.level
    from {sellers} as t
    join due on due.id = t.id
    join completed on completed.seller_id = t.id
    join tiers on completed.orders >= tiers.min_orders and t.rating_score >= tiers.min_rating
    order by t.id, tiers.level desc
)

update {sellers} as t
set tier_info = t.tier_info
    || jsonb_build_object('current_tier', earned.tier, 'tier_level', earned.level) || {moment}
from earned
where t.id = earned.id and {TIER_INFO.untouched("t.tier_info")}
"""
    return Backfill("seller tiers", "seller_profiles", pending, (update,), batch)


def run_backfill(session: Session, schema: str, backfill: Backfill, report: Report) -> int:
    """Walk the table by key from where the last walk stopped; gives the number of members walked.

    Then goes once more through what is pending behind the walk: rows the application inserted meanwhile.
    """
    found = rows(
        session.connection,
        f"select after_key, members, finished_at from {PROGRESS} where step = %(step)s",
        step=backfill.name,
    )
    if found and found[0]["finished_at"]:
        return 0
    after, members = (found[0]["after_key"], found[0]["members"]) if found else (None, 0)
    total = _estimate(session, schema, backfill.table)
    for pending in (False, True):
        while True:
            batch = partial(_batch, session, schema, backfill, after, members, pending)
            after, seen = session.retry(backfill.name, batch, BATCH_PASSING)
            if not seen:
                break
            members += seen
            report(backfill.name, members, max(total, members))
        after = None
    session.connection.execute(
        f"update {PROGRESS} set finished_at = clock_timestamp() where step = %s".encode(), [backfill.name]
    )
    return int(members)


def _batch(
    session: Session, schema: str, backfill: Backfill, after: str | None, members: int, pending: bool
) -> tuple[str | None, int]:
    """One transaction: the next keys, their statements, and how far the walk is."""
    conditions = [f"t.id > {literal(after)}"] if after else []
    conditions += [backfill.pending] if pending else []
    where = f"where {' and '.join(conditions)}" if conditions else ""
    with session.transaction():
        ids = [
            row["id"]
            for row in rows(
                session.connection,
                f"select t.id::text as id from {quoted(schema, backfill.table)} as t "
                f"{where} order by t.id limit {backfill.batch}",
            )
        ]
        if ids:
            listed = literal("{" + ",".join(ids) + "}") + "::uuid[]"
            for statement in backfill.statements:
                session.connection.execute(statement.replace(":ids", listed).encode())
        session.connection.execute(
            f"""
            insert into {PROGRESS} (step, after_key, members) values (%(step)s, %(after)s, %(members)s)
            on conflict (step) do update set after_key = excluded.after_key, members = excluded.members
            """.encode(),
            {"step": backfill.name, "after": ids[-1] if ids else after, "members": members + len(ids)},
        )
    return (ids[-1] if ids else after), len(ids)


def _estimate(session: Session, schema: str, table: str) -> int:
    """About how many rows the table has, from its statistics; 0 where it has none."""
    found: list[dict[str, Any]] = rows(
        session.connection,
        "select greatest(reltuples, 0)::bigint as n from pg_class where oid = to_regclass(%(name)s)",
        name=quoted(schema, table),
    )
    return int(found[0]["n"]) if found else 0

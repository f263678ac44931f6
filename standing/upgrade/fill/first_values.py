"""The guide's "migrate existing data", as walks over users and sellers.

A batch changes only members who still have the column's default. So a repeated batch changes nothing, and
it overwrites no document of the application or of a run. The bands and tiers are the guide's own, frozen
here: the first run replaces them by today's policy.
"""

from collections.abc import Collection

from standing.contract.documents.ratings import RATINGS
from standing.contract.documents.tier_info import TIER_INFO
from standing.contract.documents.trust_score import TRUST_SCORE
from standing.database.catalog import Catalog
from standing.settings import Settings
from standing.sql import quoted
from standing.upgrade.fill.completion import plan_completion
from standing.upgrade.fill.loyalty import loyalty_programs
from standing.upgrade.fill.walk import Backfill
from standing.upgrade.steps import Item


def plan_backfill(
    catalog: Catalog, made: Collection[Item], settings: Settings, batch: int
) -> list[Backfill]:
    """The walks, in order: what was there is completed first. `made` is the ledger."""
    return [
        *plan_completion(catalog, made, batch),
        transaction_scores(catalog.schema, batch),
        loyalty_programs(catalog, made, settings, batch),
        seller_ratings(catalog.schema, batch),
        seller_tiers(catalog.schema, max(batch // 10, 1)),
    ]


def transaction_scores(schema: str, batch: int) -> Backfill:
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
where t.id = due.id and {TRUST_SCORE.document.default.untouched("t.trust_score")}
"""
    pending = TRUST_SCORE.document.default.untouched("t.trust_score")
    return Backfill("transaction scores", "users", pending, (update,), batch)


def seller_ratings(schema: str, batch: int) -> Backfill:
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
    untouched = RATINGS.document.default.untouched("t.ratings")
    pending = f"{untouched} and ({score} <> 0 or coalesce(t.rating_count, 0) <> 0)"
    moment = RATINGS.document.default.expression.split(" || ", 1)[1]
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


def seller_tiers(schema: str, batch: int) -> Backfill:
    sellers, orders = quoted(schema, "seller_profiles"), quoted(schema, "orders")
    moment = TIER_INFO.document.default.expression.split(" || ", 1)[1]
    pending = f"{TIER_INFO.document.default.untouched('t.tier_info')} and t.rating_score >= 4.0"
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
where t.id = earned.id and {TIER_INFO.document.default.untouched("t.tier_info")}
"""
    return Backfill("seller tiers", "seller_profiles", pending, (update,), batch)

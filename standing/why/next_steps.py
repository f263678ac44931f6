"""What would have to change for the next level or tier, as things that can be done.

All of it is asked of the build: the arithmetic of points, gaps and means stays in SQL.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from standing.database.connect import rows
from standing.sql import quoted

#: More purchases than this are no advice.
FARTHEST = 1000

#: The level above, which missing flags to get, the largest gain first and none beyond what is needed, and
#: then the fewest purchases. Each is at a shop new to the member, so it adds one to three metrics.
LEVEL = """
    with member as (
        select
            metrics.*, metrics.raw_clean as clean_orders, above.level as next_level, above.min_score,
            above.min_completed_orders,
            above.min_score - scores.overall_score as gap,
            greatest(above.min_completed_orders - metrics.completed_orders, 0) as needed
        from {build}.int_user_metrics as metrics
        inner join {build}.user_trust_scores as scores on metrics.user_id = scores.user_id
        inner join {build}.int_trust_levels as own on scores.level = own.level
        inner join {build}.int_trust_levels as above on above.rank = own.rank + 1
        where metrics.user_id = :key
    ),

    bins as materialized (
        select metric, lower_bound, coalesce(upper_bound, 'infinity') as upper_bound, points
        from {build}.int_scorecard
    ),

    measured as (
        select measure.*, bins.points
        from member
        cross join lateral (
            values
            ('email_verified', member.email_verified, true),
            ('phone_verified', member.phone_verified, true),
            ('kyc_verified', member.kyc_verified, true),
            ('two_factor_enabled', member.two_factor_enabled, true),
            ('completed_orders_as_buyer', member.completed_orders_as_buyer, false),
            ('clean_orders', member.clean_orders, false),
            ('counterparties', member.counterparties, false)
        ) as measure (metric, value, is_flag)
        inner join bins
            on measure.metric = bins.metric
            and measure.value >= bins.lower_bound and measure.value < bins.upper_bound
    ),

    flags as (
        select
            measured.metric,
            bins.points - measured.points as gained,
            sum(bins.points - measured.points) over (
                order by bins.points - measured.points desc, measured.metric
                rows between unbounded preceding and 1 preceding
            ) as gained_before
        from measured
        inner join bins on measured.metric = bins.metric and 1 >= bins.lower_bound and 1 < bins.upper_bound
        where measured.is_flag and measured.value = 0 and bins.points > measured.points
    ),

    verified as (
        select
            coalesce(array_agg(flags.metric order by flags.gained desc, flags.metric), '{{}}') as verify,
            coalesce(array_agg(flags.gained::float order by flags.gained desc, flags.metric), '{{}}')
                as gains,
            coalesce(sum(flags.gained), 0) as gained
        from flags
        inner join member on coalesce(flags.gained_before, 0) < member.gap
    ),

    purchases as (
        select number.orders, sum(bins.points - measured.points) as gained
        from member
        cross join lateral generate_series(member.needed, greatest(member.needed, :farthest - 1))
            as number (orders)
        cross join measured
        inner join bins
            on measured.metric = bins.metric
            and measured.value + number.orders >= bins.lower_bound
            and measured.value + number.orders < bins.upper_bound
        where not measured.is_flag
        group by number.orders
    ),

    -- The fewest that are enough, or else no more than the level itself asks for.
    chosen as (
        select purchases.orders, member.gap - verified.gained - purchases.gained as missing
        from member
        cross join verified
        cross join purchases
        order by
            purchases.orders >= :farthest or member.gap - verified.gained > purchases.gained,
            purchases.orders
        limit 1
    )

    select
        member.next_level as level, member.is_banned, member.min_score, member.min_completed_orders,
        verified.verify,
        verified.gains, chosen.orders, chosen.orders < :farthest and chosen.missing <= 0 as is_enough,
        greatest(chosen.missing, 0) as missing
    from member
    cross join verified
    cross join chosen
"""

#: The tier above: the document says how many orders and which mean are missing. With s stars from n
#: reviews, x more reviews of the most stars make the mean m where (s + 5x) / (n + x) = m.
TIER = """
    with following as (
        select
            document -> 'next_tier' ->> 'tier' as tier,
            (document -> 'next_tier' ->> 'orders_needed')::integer as orders,
            nullif((document -> 'next_tier' ->> 'rating_needed')::numeric, 0) as mean,
            (document #>> '{{evidence,mean_rating,num}}')::numeric as rating_sum,
            (document #>> '{{evidence,mean_rating,den}}')::numeric as total_reviews
        from {build}.seller_tiers
        where seller_id = :key and jsonb_typeof(document -> 'next_tier') = 'object'
    )

    select
        tier, orders, mean,
        coalesce(
            greatest(
                ceil((mean * total_reviews - rating_sum) / (5 - mean)),
                case when total_reviews = 0 then 1 else 0 end
            ), 0
        )::integer as stars
    from following
"""


def next_level(connection: Connection, build: str, key: UUID) -> dict[str, Any] | None:
    """The level above the member's and a change that reaches it; None at the top.

    `verify` are flags, largest gain first, which is in `verify_points`; `complete_orders` purchases, each
    at a shop that is new to the member. `is_enough` says whether they reach the level; if not,
    `points_missing` must come from elsewhere. Everything else being equal: what a purchase does to the
    rates only helps.
    """
    steps = rows(connection, LEVEL.format(build=quoted(build)), key=key, farthest=FARTHEST)
    if not steps:
        return None
    step = steps[0]
    if step["is_banned"]:
        return {"level": step["level"], "is_enough": False, "banned": True}
    return {
        "level": step["level"],
        "min_score": float(step["min_score"]),
        "min_completed_orders": step["min_completed_orders"],
        "verify": step["verify"],
        "verify_points": step["gains"],
        "complete_orders": step["orders"],
        "is_enough": step["is_enough"],
        "points_missing": float(step["missing"]),
    }


def next_tier(connection: Connection, build: str, key: UUID) -> dict[str, Any] | None:
    """The tier above the shop's: completed orders and 5-star reviews that reach it; None at the top."""
    steps = rows(connection, TIER.format(build=quoted(build)), key=key)
    if not steps:
        return None
    step = steps[0]
    return {
        "tier": step["tier"],
        "complete_orders": step["orders"],
        "mean_rating": float(step["mean"]) if step["mean"] is not None else None,
        "five_star_reviews": step["stars"],
    }

with minimums as (

    select
        'trust_levels' as seed_name,
        levels.level as step,
        levels.rank as place,
        measure.name as measure,
        measure.minimum,
        measure.said
    from {{ ref('int_trust_levels') }} as levels
    inner join {{ ref('trust_levels') }} as written on levels.level = written.level
    cross join
        lateral (
            values
            ('min_score', levels.min_score, levels.min_score::text),
            (
                'completed orders',
                levels.min_completed_orders,
                levels.min_completed_orders
                || coalesce(' (setting ' || written.min_orders_setting || ')', '')
            ),
            ('min_counterparties', levels.min_counterparties, levels.min_counterparties::text)
        ) as measure (name, minimum, said)
    union all
    select
        'tier_policy' as seed_name,
        tier_policy.tier as step,
        tier_policy.tier_level as place,
        measure.name as measure,
        measure.minimum,
        measure.minimum::text as said
    from {{ ref('tier_policy') }} as tier_policy
    cross join
        lateral (
            values
            ('min_orders', tier_policy.min_orders),
            ('min_buyers', tier_policy.min_buyers),
            ('min_rating', coalesce(tier_policy.min_rating, 0))
        ) as measure (name, minimum)

),

steps as (

    select
        *,
        lag(step) over below as step_below,
        lag(minimum) over below as minimum_below,
        lag(said) over below as said_below
    from minimums
    window below as (partition by seed_name, measure order by place)

)

select
    seed_name,
    step as row_key,
    measure || ': it asks for ' || said || ', less than the ' || said_below || ' of ' || step_below
    || ' below it' as what_is_wrong
from steps
where minimum < minimum_below
union all
select
    seed_name,
    step as row_key,
    measure || ': it asks for ' || said || '; the lowest has to take everybody' as what_is_wrong
from steps
where step_below is null and minimum > 0

with steps as (

    select
        level as step,
        min_score - lag(min_score) over (order by rank) as first_rise,
        min_completed_orders - lag(min_completed_orders) over (order by rank) as second_rise
    from {{ ref('int_trust_levels') }}
    union all
    select
        tier as step,
        min_orders - lag(min_orders) over (order by tier_level) as first_rise,
        coalesce(min_rating, 0) - lag(coalesce(min_rating, 0)) over (order by tier_level) as second_rise
    from {{ ref('tier_policy') }}

)

select * from steps
where first_rise < 0 or second_rise < 0

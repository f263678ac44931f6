with due_sellers as (

    select * from {{ ref('int_due_sellers') }}

),

orders as (

    select * from {{ ref('int_orders') }}
    where not is_summed and not is_excluded

),

days as (

    select * from {{ ref('int_due_order_days') }}
    where is_whole

),

-- Orders one by one and in whole days.
resolved as (

    select
        seller_id,
        resolved_at,
        1 as number
    from orders
    union all
    select
        seller_id,
        resolved_first_at as resolved_at,
        resolved as number
    from days

),

recent as (

    select
        due_sellers.seller_id,
        sum(resolved.number) as resolved
    from due_sellers
    inner join resolved on due_sellers.seller_id = resolved.seller_id
    where resolved.resolved_at >= {{ window_start(policy('evaluation_window_days')) }}
    group by due_sellers.seller_id

),

counted as (

    select
        due_sellers.seller_id,
        coalesce(recent.resolved >= {{ policy('evaluation_min_resolved') }}, false) as is_enough
    from due_sellers
    left join recent on due_sellers.seller_id = recent.seller_id

),

final as (

    select
        seller_id,
        case
            when is_enough then {{ policy('evaluation_window_days') }}
            else {{ policy('evaluation_long_window_days') }}
        end::integer as window_days,
        case
            when is_enough then {{ window_start(policy('evaluation_window_days')) }}
            else {{ window_start(policy('evaluation_long_window_days')) }}
        end as window_start
    from counted

)

select * from final

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
    where resolved.resolved_at > {{ days_ago(policy('evaluation_window_days')) }}
    group by due_sellers.seller_id

),

final as (

    select
        due_sellers.seller_id,
        (case
            when recent.resolved >= {{ policy('evaluation_min_resolved') }} then {{ policy('evaluation_window_days') }}
            else {{ policy('evaluation_long_window_days') }}
        end)::integer as window_days
    from due_sellers
    left join recent on due_sellers.seller_id = recent.seller_id

)

select * from final

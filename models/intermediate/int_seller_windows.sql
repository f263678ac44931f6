with due_sellers as (

    select * from {{ ref('int_due_sellers') }}

),

orders as (

    select * from {{ ref('int_orders') }}

),

recent as (

    select
        due_sellers.seller_id,
        count(*) as resolved
    from due_sellers
    inner join orders on due_sellers.seller_id = orders.seller_id
    where
        orders.resolved_at > {{ days_ago(policy('evaluation_window_days')) }}
        and not orders.is_excluded
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

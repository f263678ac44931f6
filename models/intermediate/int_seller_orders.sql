with orders as not materialized (

    select * from {{ ref('int_orders') }}

),

windows as (

    select * from {{ ref('int_seller_windows') }}

),

-- Excluded orders count over life; they leave the tallies, and int_seller_exclusions shows them beside.
lifetimes as (

    select
        orders.seller_id,
        count(*) filter (where orders.outcome = 'completed') as completed_orders,
        coalesce(sum(orders.amount) filter (where orders.outcome = 'completed'), 0) as revenue,
        min(orders.next_step_at) as next_step_at,
        {{ seller_lifetime_tallies('not orders.is_excluded') }}
    from orders
    inner join windows on orders.seller_id = windows.seller_id
    group by orders.seller_id

),

-- Most of a shop's orders have left its window, and the 60 days of its growth: these need no second look.
late as (

    select {{ seller_order_flags() }}
    from orders
    inner join windows on orders.seller_id = windows.seller_id
    where
        greatest(orders.judged_at, orders.shipped_at, orders.delivered_at, orders.resolved_at)
        > {{ days_ago('greatest(windows.window_days, 60)') }}

),

windowed as (

    select
        seller_id,
        count(*) filter (where is_completed and resolved_at > {{ days_ago(30) }}) as last_30_days_sales,
        sum(amount) filter (where is_completed and resolved_at > {{ days_ago(30) }}) as last_30_days_revenue,
        sum(amount) filter (
            where is_completed and resolved_at > {{ days_ago(60) }} and resolved_at <= {{ days_ago(30) }}
        ) as earlier_30_days_revenue,
        min(resolved_at) filter (where is_completed and resolved_at > {{ days_ago(30) }}) as last_30_days_first_at,
        min(resolved_at) filter (where is_completed and resolved_at > {{ days_ago(60) }}) as last_60_days_first_at,
        max(resolved_at) filter (where is_completed and resolved_at > {{ days_ago(60) }}) as last_60_days_last_at,
        {{ seller_order_tallies('not is_excluded') }}
    from late
    group by seller_id

),

final as (

    select
        lifetimes.*,
        coalesce(windowed.last_30_days_sales, 0) as last_30_days_sales,
        coalesce(windowed.last_30_days_revenue, 0) as last_30_days_revenue,
        coalesce(windowed.earlier_30_days_revenue, 0) as earlier_30_days_revenue,
        windowed.last_30_days_first_at,
        windowed.last_60_days_first_at,
        windowed.last_60_days_last_at,
        {% for number in ('fulfilled', 'processing_seconds', 'on_time', 'returned', 'disputed', 'defective') -%}
            coalesce(windowed.{{ number }}, 0) as {{ number }},
        {% endfor -%}
        {{ tallied('windowed', ['judged', 'shipped', 'promised', 'resolved', 'ended']) }}
    from lifetimes
    left join windowed on lifetimes.seller_id = windowed.seller_id

)

select * from final

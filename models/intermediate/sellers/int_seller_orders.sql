with orders as not materialized (

    select * from {{ ref('int_orders') }}
    where not is_summed

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

-- Most of a shop's orders have left its window, the 60 days of its growth and the two quarters: these need no second look.
late as (

    select {{ seller_order_flags('windows.window_start') }}
    from orders
    inner join windows on orders.seller_id = windows.seller_id
    where
        greatest(orders.judged_at, orders.shipped_at, orders.delivered_at, orders.resolved_at)
        >= least(windows.window_start, {{ window_start('greatest(60, 2 * ' ~ policy('retention_window_days') ~ ')') }})

),

windowed as (

    select
        seller_id,
        count(*) filter (where is_completed and resolved_at >= {{ window_start(30) }}) as last_30_days_sales,
        sum(amount) filter (where is_completed and resolved_at >= {{ window_start(30) }}) as last_30_days_revenue,
        sum(amount) filter (
            where is_completed and resolved_at >= {{ window_start(60) }} and resolved_at < {{ window_start(30) }}
        ) as earlier_30_days_revenue,
        min(resolved_at) filter (where is_completed and resolved_at >= {{ window_start(30) }}) as last_30_days_first_at,
        min(resolved_at) filter (where is_completed and resolved_at >= {{ window_start(60) }}) as last_60_days_first_at,
        max(resolved_at) filter (where is_completed and resolved_at >= {{ window_start(60) }}) as last_60_days_last_at,
        {{ seller_order_tallies('not is_excluded') }},
        {{ seller_quarter_tallies('not is_excluded') }}
    from late
    group by seller_id

),

days as (

    select
        due_days.*,
        due_days.judged_first_at >= windows.window_start as is_judged_in_window,
        due_days.shipped_first_at >= windows.window_start as is_shipped_in_window,
        due_days.promised_first_at >= windows.window_start as is_delivered_in_window,
        due_days.resolved_first_at >= windows.window_start as is_in_window,
        due_days.resolved_first_at >= {{ window_start(30) }} as is_last_30_days,
        due_days.resolved_first_at >= {{ window_start(60) }} as is_last_60_days,
        {{ is_late('due_days.resolved_first_at') }} as is_late,
        {{ is_earlier('due_days.resolved_first_at') }} as is_earlier
    from {{ ref('int_due_order_days') }} as due_days
    inner join windows on due_days.seller_id = windows.seller_id
    where due_days.is_whole

),

summed as (

    select
        seller_id,
        {{ total('completed', as='completed_orders') }},
        sum(revenue) as revenue,
        {{ tally_of_parts('completed') }},
        {{ total('positive') }},
        {{ total('completed', 'is_last_30_days', as='last_30_days_sales') }},
        sum(revenue) filter (where is_last_30_days) as last_30_days_revenue,
        sum(revenue) filter (where is_last_60_days and not is_last_30_days) as earlier_30_days_revenue,
        min(completed_first_at) filter (where is_last_30_days) as last_30_days_first_at,
        min(completed_first_at) filter (where is_last_60_days) as last_60_days_first_at,
        max(completed_last_at) filter (where is_last_60_days) as last_60_days_last_at,
        {{ seller_day_tallies() }},
        {{ tally_of_parts('completed', 'is_late', as='late') }},
        {{ tally_of_parts('completed', 'is_earlier', as='earlier') }}
    from days
    group by seller_id

),

final as (

    select
        coalesce(lifetimes.seller_id, summed.seller_id) as seller_id,
        lifetimes.next_step_at,
        {{ added_up('lifetimes', 'summed', numbers=['completed_orders', 'revenue', 'positive'], tallies=['completed']) }},
        {{ added_up(
            'windowed', 'summed',
            numbers=[
                'last_30_days_sales', 'last_30_days_revenue', 'earlier_30_days_revenue',
                'fulfilled', 'processing_seconds', 'on_time', 'returned', 'disputed', 'defective',
            ],
            tallies=['judged', 'shipped', 'promised', 'resolved', 'ended', 'late', 'earlier'],
        ) }},
        least(windowed.last_30_days_first_at, summed.last_30_days_first_at) as last_30_days_first_at,
        least(windowed.last_60_days_first_at, summed.last_60_days_first_at) as last_60_days_first_at,
        greatest(windowed.last_60_days_last_at, summed.last_60_days_last_at) as last_60_days_last_at
    from lifetimes
    left join windowed on lifetimes.seller_id = windowed.seller_id
    full outer join summed on lifetimes.seller_id = summed.seller_id

)

select * from final

with sides as (

    select * from {{ ref('int_user_order_sides') }}

),

windows as (

    select * from {{ ref('int_user_windows') }}

),

flagged as (

    select {{ user_order_flags() }}
    from sides
    inner join windows on sides.user_id = windows.user_id

),

-- Excluded orders count over life; they leave the tallies, and int_user_exclusions shows them beside.
counted as (

    select
        user_id,
        count(*) filter (where is_completed and role = 'buyer') as completed_orders_as_buyer,
        count(*) filter (where is_completed) as completed_orders,
        coalesce(sum(amount) filter (where is_completed), 0) as completed_value,
        min(next_event_at) as next_event_at,
        {{ user_order_tallies('not is_excluded') }}
    from flagged
    group by user_id

),

days as (

    select
        due_days.*,
        due_days.resolved_first_at >= {{ window_start(policy('trust_window_days')) }} as is_in_trust_window,
        due_days.disputes_lost_first_at >= {{ window_start(policy('trust_window_days')) }} as is_loss_in_trust_window,
        due_days.resolved_first_at >= windows.window_start as is_in_window
    from {{ ref('int_due_order_days') }} as due_days
    inner join windows on due_days.user_id = windows.user_id
    where due_days.is_whole

),

summed as (

    select
        user_id,
        {{ total('completed', as='completed_orders') }},
        sum(revenue) as completed_value,
        {{ user_day_tallies() }}
    from days
    group by user_id

),

final as (

    select
        coalesce(counted.user_id, summed.user_id) as user_id,
        coalesce(counted.completed_orders_as_buyer, 0) as completed_orders_as_buyer,
        counted.next_event_at,
        {{ added_up(
            'counted', 'summed',
            numbers=['completed_orders', 'completed_value', 'completed', 'cancelled', 'disputed'],
            tallies=['clean', 'own_cancellations', 'disputes_lost', 'resolved', 'concluded'],
        ) }}
    from counted
    full outer join summed on counted.user_id = summed.user_id

)

select * from final

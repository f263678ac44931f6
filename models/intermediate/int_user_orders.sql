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
final as (

    select
        user_id,
        count(*) filter (where is_completed and role = 'buyer') as completed_orders_as_buyer,
        count(*) filter (where is_completed) as completed_orders,
        coalesce(sum(amount) filter (where is_completed), 0) as completed_value,
        max(created_at) filter (where role = 'buyer') as last_order_at,
        min(next_event_at) as next_event_at,
        {{ user_order_tallies('not is_excluded') }}
    from flagged
    group by user_id

)

select * from final

with due_users as (

    select * from {{ ref('int_due_users') }}

),

orders as (

    select * from {{ ref('int_orders') }}

),

-- Each order seen from both of its sides.
bought as (

    select
        buyer_id as user_id,
        'buyer' as role,
        coalesce(seller_user_id, seller_id) as counterparty_id,
        outcome,
        resolved_at,
        amount,
        outcome = 'cancelled' and cancelled_by = 'buyer' as is_own_cancellation,
        lost_by_buyer_at as lost_at,
        is_excluded,
        next_step_at
    from orders

),

sold as (

    select
        seller_user_id as user_id,
        'seller' as role,
        buyer_id as counterparty_id,
        outcome,
        resolved_at,
        amount,
        outcome = 'cancelled' and cancelled_by = 'seller' as is_own_cancellation,
        lost_by_seller_at as lost_at,
        is_excluded,
        next_step_at
    from orders
    where seller_user_id is not null

),

sides as (

    select * from bought
    union all
    select * from sold

),

-- Conduct counts for the trust window; excluded orders leave every rate.
judged as (

    select
        sides.*,
        sides.outcome = 'completed' as is_completed,
        sides.outcome = 'completed' and sides.lost_at is null and not sides.is_excluded
        and sides.resolved_at > {{ days_ago(policy('trust_window_days')) }} as is_clean,
        sides.is_own_cancellation and not sides.is_excluded
        and sides.resolved_at > {{ days_ago(policy('trust_window_days')) }} as is_recent_cancellation,
        not sides.is_excluded
        and sides.lost_at > {{ days_ago(policy('trust_window_days')) }} as is_recent_loss
    from sides
    inner join due_users on sides.user_id = due_users.user_id

),

final as (

    select
        user_id,
        count(*) filter (where is_completed and role = 'buyer') as completed_orders_as_buyer,
        count(*) filter (where is_completed) as completed_orders,
        count(distinct counterparty_id) filter (where is_completed) as counterparties,
        coalesce(sum(amount) filter (where is_completed), 0) as completed_value,
        count(*) filter (where is_clean) as clean_orders,
        min(resolved_at) filter (where is_clean) as first_clean_at,
        max(resolved_at) filter (where is_clean) as last_clean_at,
        count(*) filter (where is_recent_cancellation) as own_cancellations,
        min(resolved_at) filter (where is_recent_cancellation) as first_cancellation_at,
        max(resolved_at) filter (where is_recent_cancellation) as last_cancellation_at,
        count(*) filter (where is_recent_loss) as disputes_lost,
        min(lost_at) filter (where is_recent_loss) as first_loss_at,
        max(lost_at) filter (where is_recent_loss) as last_loss_at,
        min(next_step_at) as next_event_at
    from judged
    group by user_id

)

select * from final

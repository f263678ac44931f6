{{ config(kind='of_the_due', looked_up=['user_id']) }}

with orders as not materialized (

    select * from {{ ref('int_order_facts') }}
    where is_known

),

final as (

    select
        orders.order_id,
        orders.buyer_id as user_id,
        coalesce(orders.seller_user_id, orders.seller_id) as counterparty_id,
        orders.created_at,
        orders.outcome,
        orders.amount,
        orders.lifts_trust,
        orders.lowers_trust,
        orders.is_disputed,
        orders.is_excluded,
        orders.resolved_at,
        {{ business_day('orders.resolved_at') }} as resolved_on,
        orders.lost_by_buyer_at as lost_at,
        orders.lost_by_buyer_on as lost_on,
        orders.outcome = 'completed' as is_completed,
        orders.outcome = 'cancelled'
        and coalesce(orders.cancelled_by = 'buyer', false) as is_own_cancellation,
        orders.next_event_at
    from orders
    {{ only_due('orders', 'buyer_id', ref('int_due_users'), 'user_id') }}

)

select * from final

{{ config(kind='of_the_due', looked_up=['user_id']) }}

with orders as not materialized (

    select * from {{ ref('int_orders') }}

),

buyers as (

    select
        order_id,
        buyer_id as user_id,
        'buyer' as role,
        coalesce(seller_user_id, seller_id) as counterparty_id,
        created_at,
        outcome,
        resolved_at,
        amount,
        outcome = 'cancelled' and coalesce(cancelled_by = 'buyer', false) as is_own_cancellation,
        is_disputed,
        lost_by_buyer_at as lost_at,
        is_excluded,
        next_event_at
    from orders
    {{ only_due('orders', 'buyer_id', ref('int_due_users'), 'user_id') }}

),

sellers as (

    select
        order_id,
        seller_user_id as user_id,
        'seller' as role,
        buyer_id as counterparty_id,
        created_at,
        outcome,
        resolved_at,
        amount,
        outcome = 'cancelled' and coalesce(cancelled_by = 'seller', false) as is_own_cancellation,
        is_disputed,
        lost_by_seller_at as lost_at,
        is_excluded,
        next_event_at
    from orders
    {{ only_due('orders', 'seller_user_id', ref('int_due_users'), 'user_id') }}
    where seller_user_id is not null and not is_summed

),

final as (

    select * from buyers
    union all
    select * from sellers

)

select * from final

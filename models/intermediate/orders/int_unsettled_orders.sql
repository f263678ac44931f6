{{ config(kind='of_the_due', looked_up=['seller_id', 'user_id']) }}

with orders as (

    select orders.* from {{ ref('int_order_facts') }} as orders
    {{ only_due('orders', 'seller_id', ref('int_due_shops')) }}
    where orders.is_known and (orders.next_step_at is not null or orders.is_excluded)

),

final as (

    select
        seller_id,
        seller_user_id as user_id,
        min(next_event_at) as next_event_at,
        min(next_step_at) as next_step_at,
        bool_or(is_excluded) as has_exclusions
    from orders
    group by seller_id, seller_user_id

)

select * from final

-- Empty where everybody is due: then readers take every order.
with orders as not materialized (

    select * from {{ ref('stg_order_keys') }}

),

bought as (

    select orders.*
    from orders
    inner join {{ ref('int_due_users') }} as due_users on orders.buyer_id = due_users.user_id

),

sold as (

    select orders.*
    from orders
    inner join {{ ref('int_due_shops') }} as due_shops on orders.seller_id = due_shops.seller_id

),

final as (

    select distinct on (order_id)
        order_id,
        buyer_id,
        seller_id,
        created_at
    from (
        select * from bought
        union all
        select * from sold
    ) as concerned
    where order_id is not null and not {{ everybody_is_due() }}
    order by order_id asc, created_at asc

)

select * from final

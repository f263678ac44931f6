with due_sellers as (

    select * from {{ ref('int_due_sellers') }}

),

orders as (

    select * from {{ ref('int_orders') }}

),

final as (

    select
        orders.seller_id,
        count(*) filter (where orders.outcome = 'completed') as completed_orders,
        min(orders.next_step_at) as next_step_at
    from orders
    inner join due_sellers on orders.seller_id = due_sellers.seller_id
    group by orders.seller_id

)

select * from final

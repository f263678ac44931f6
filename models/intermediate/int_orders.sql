{{ config(kind='of_the_due') }}

with orders as (

    {{ of_the_due(ref('int_judged_orders'), 'buyer_id') }}

),

final as (

    select
        order_id,
        buyer_id,
        seller_id,
        seller_user_id,
        created_at,
        amount,
        outcome,
        resolved_at,
        cancelled_at,
        cancelled_by,
        paid_at,
        ship_by,
        shipped_at,
        has_shipping_times,
        handed_over_at,
        promised_at,
        delivered_at,
        disputed_at,
        lost_by_buyer_at,
        lost_by_seller_at,
        is_excluded,
        is_time_assumed,
        next_step_at
    from orders

)

select * from final

{{ config(kind='of_the_due', looked_up=['seller_id', 'buyer_id', 'seller_user_id']) }}

with orders as (

    {{ of_the_due(ref('int_judged_orders'), 'buyer_id', ref('int_due_order_days')) }}

),

final as (

    select
        order_id,
        buyer_id,
        seller_id,
        seller_user_id,
        created_at,
        outcome,
        resolved_at,
        amount,
        cancelled_by,
        judged_at,
        handed_over_at,
        shipped_at,
        processing_seconds,
        promised_at,
        delivered_at,
        is_on_time,
        is_disputed,
        lost_by_buyer_at,
        lost_by_seller_at,
        is_defect,
        is_excluded,
        rating,
        next_event_at,
        next_step_at,
        is_summed
    from orders

)

select * from final

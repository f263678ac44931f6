with orders as (

    select * from {{ ref('int_order_facts') }}
    where not is_known and next_step_at is not null

),

reviews as not materialized (

    select * from {{ ref('int_review_facts') }}
    where next_step_at is not null

),

final as (

    select
        buyer_id as user_id,
        seller_id,
        next_step_at as next_event_at
    from orders
    union all
    select
        reviewer_id as user_id,
        named_seller_id as seller_id,
        next_step_at as next_event_at
    from reviews
    union all
    -- Whom its order concerns.
    select
        buyer_id as user_id,
        seller_id,
        next_step_at as next_event_at
    from reviews

)

select * from final

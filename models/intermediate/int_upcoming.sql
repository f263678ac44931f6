with orders as (

    select orders.* from {{ ref('stg_upcoming_orders') }} as orders
    {{ only_due('orders', 'order_id', ref('int_due_orders')) }}

),

reviews as (

    select reviews.* from {{ ref('stg_upcoming_reviews') }} as reviews
    {{ only_due('reviews', 'review_id', ref('int_due_reviews')) }}

),

known_orders as (

    select * from {{ ref('stg_orders') }}

),

final as (

    select
        user_id,
        seller_id,
        next_event_at
    from orders
    union all
    select
        user_id,
        seller_id,
        next_event_at
    from reviews
    union all
    -- A review that names its order only.
    select
        known_orders.buyer_id as user_id,
        known_orders.seller_id,
        reviews.next_event_at
    from reviews
    inner join known_orders on reviews.order_id = known_orders.order_id

)

select * from final

with reviews as (

    select reviews.* from {{ ref('stg_reviews') }} as reviews
    {{ only_due('reviews', 'review_id', ref('int_due_reviews')) }}
    where reviews.moderation_status != 'rejected'

),

orders as (

    select * from {{ ref('stg_orders') }}

),

sellers as (

    select * from {{ ref('stg_sellers') }}

),

-- A review is of its order's shop; without an order, of the shop it names.
attributed as (

    select
        reviews.review_id,
        reviews.order_id,
        reviews.rating,
        reviews.created_at,
        reviews.detailed_ratings,
        reviews.helpful_count,
        coalesce(orders.seller_id, reviews.seller_id) as seller_id,
        coalesce(reviews.reviewer_id, orders.buyer_id) as reviewer_id,
        orders.buyer_id
    from reviews
    left join orders on reviews.order_id = orders.order_id

),

final as (

    select
        attributed.review_id,
        attributed.order_id,
        attributed.seller_id,
        sellers.user_id as seller_user_id,
        attributed.reviewer_id,
        attributed.rating,
        attributed.created_at,
        attributed.detailed_ratings,
        attributed.helpful_count
    from attributed
    inner join sellers on attributed.seller_id = sellers.seller_id
    -- Praise of one's own shop counts nowhere.
    where
        (attributed.reviewer_id is null or attributed.reviewer_id is distinct from sellers.user_id)
        and (attributed.buyer_id is null or attributed.buyer_id is distinct from sellers.user_id)

)

select * from final

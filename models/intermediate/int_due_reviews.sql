-- Empty where everybody is due: then readers take every review.
with reviews as not materialized (

    select * from {{ ref('stg_review_keys') }}

),

of_orders as (

    select reviews.review_id
    from reviews
    inner join {{ ref('int_due_orders') }} as due_orders on reviews.order_id = due_orders.order_id

),

received as (

    select reviews.review_id
    from reviews
    inner join {{ ref('int_due_shops') }} as due_shops on reviews.seller_id = due_shops.seller_id

),

written as (

    select reviews.review_id
    from reviews
    inner join {{ ref('int_due_users') }} as due_users on reviews.reviewer_id = due_users.user_id

),

concerned as (

    select review_id from of_orders
    union
    select review_id from received
    union
    select review_id from written

),

final as (

    select review_id from concerned
    where not {{ everybody_is_due() }}

)

select * from final

with due_users as (

    select * from {{ ref('int_due_users') }}

),

reviews as (

    select * from {{ ref('int_reviews') }}

),

received as (

    select
        reviews.seller_user_id as user_id,
        count(*) as ratings_received,
        count(*) filter (where reviews.rating >= {{ policy('positive_rating_from') }}) as positive_ratings,
        min(reviews.created_at) as first_rating_at,
        max(reviews.created_at) as last_rating_at
    from reviews
    inner join due_users on reviews.seller_user_id = due_users.user_id
    group by reviews.seller_user_id

),

written as (

    select
        reviews.reviewer_id as user_id,
        count(*) filter (where reviews.helpful_count > 0) as helpful_reviews
    from reviews
    inner join due_users on reviews.reviewer_id = due_users.user_id
    group by reviews.reviewer_id

),

final as (

    select
        coalesce(received.user_id, written.user_id) as user_id,
        coalesce(received.ratings_received, 0) as ratings_received,
        coalesce(received.positive_ratings, 0) as positive_ratings,
        received.first_rating_at,
        received.last_rating_at,
        coalesce(written.helpful_reviews, 0) as helpful_reviews
    from received
    full outer join written on received.user_id = written.user_id

)

select * from final

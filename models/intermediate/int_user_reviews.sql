with due_users as (

    select * from {{ ref('int_due_users') }}

),

reviews as (

    select * from {{ ref('int_reviews') }}

),

received as (

    select
        reviews.seller_user_id as user_id,
        {{ tally('ratings', 'true', 'reviews.created_at') }},
        count(*) filter (where reviews.rating >= {{ policy('positive_rating_from') }}) as positive_ratings
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
        {{ tallied('received', ['ratings']) }},
        coalesce(received.positive_ratings, 0) as positive_ratings,
        coalesce(written.helpful_reviews, 0) as helpful_reviews
    from received
    full outer join written on received.user_id = written.user_id

)

select * from final

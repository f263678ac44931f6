with due_users as (

    select * from {{ ref('int_due_users') }}

),

reviews as (

    select * from {{ ref('int_reviews') }}

),

-- Reviews one by one and in whole days.
parts as (

    select
        seller_user_id as user_id,
        1 as ratings,
        created_at as ratings_first_at,
        created_at as ratings_last_at,
        (rating >= {{ policy('positive_rating_from') }})::integer as positive_ratings
    from reviews
    where not is_summed
    union all
    select
        user_id,
        total_reviews,
        total_reviews_first_at,
        total_reviews_last_at,
        positive_ratings
    from {{ ref('int_due_review_days') }}
    where is_whole

),

received as (

    select
        parts.user_id,
        {{ tally_of_parts('ratings') }},
        {{ total('positive_ratings') }}
    from parts
    inner join due_users on parts.user_id = due_users.user_id
    group by parts.user_id

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

with due_users as (

    select * from {{ ref('int_due_users') }}

),

sellers as (

    select * from {{ ref('stg_sellers') }}

),

received as (

    select
        sellers.user_id,
        {{ tally_of_parts('ratings') }},
        {{ total('positive_ratings') }}
    from due_users
    inner join sellers on due_users.user_id = sellers.user_id
    inner join {{ ref('int_review_days') }} as days on sellers.seller_id = days.seller_id
    group by sellers.user_id

),

written as (

    select
        reviews.reviewer_id as user_id,
        count(*) filter (where reviews.helpful_count > 0) as helpful_reviews,
        count(*) filter (where reviews.helpful_count > 0 and reviews.moves_trust) as trusted_helpful_reviews
    from {{ ref('int_review_facts') }} as reviews
    inner join due_users on reviews.reviewer_id = due_users.user_id
    where reviews.is_known
    group by reviews.reviewer_id

),

final as (

    select
        coalesce(received.user_id, written.user_id) as user_id,
        {{ tallied('received', ['ratings'], ['positive_ratings']) }},
        coalesce(written.helpful_reviews, 0) as helpful_reviews,
        coalesce(written.trusted_helpful_reviews, 0) as trusted_helpful_reviews
    from received
    full outer join written on received.user_id = written.user_id

)

select * from final

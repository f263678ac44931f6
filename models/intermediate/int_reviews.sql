{{ config(kind='of_the_due') }}

with reviews as (

    {{ of_the_due(ref('int_judged_reviews'), 'reviewer_id') }}

),

final as (

    select
        review_id,
        order_id,
        seller_id,
        seller_user_id,
        reviewer_id,
        rating,
        created_at,
        detailed_ratings,
        helpful_count
    from reviews

)

select * from final

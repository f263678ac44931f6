{{ config(kind='of_the_due', looked_up=['seller_id', 'reviewer_id', 'seller_user_id']) }}

with reviews as (

    {{ of_the_due(ref('int_judged_reviews'), 'reviewer_id', ref('int_due_review_days')) }}

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
        helpful_count,
        is_summed
    from reviews

)

select * from final

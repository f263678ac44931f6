{{ config(
    materialized='incremental_by_key',
    key=['seller_id', 'day'],
    unique=true,
    stored_by=['seller_id', 'day'],
    stale='stale_review_days',
) }}

with reviews as (

    select reviews.* from {{ ref('int_review_facts') }} as reviews
    {{ only_stale('reviews', ['seller_id', 'day'], source('standing', 'stale_review_days')) }}
    where reviews.day is not null

),

final as (

    select
        seller_id,
        day,
        {{ tally('total_reviews', 'true', 'created_at') }},
        {% for dimension in rating_dimensions() -%}
            sum({{ detailed_rating(dimension) }}) as {{ dimension }}_sum,
            count({{ detailed_rating(dimension) }}) as {{ dimension }}_ratings,
        {% endfor -%}
        sum(rating) as rating_sum,
        -- Those that move adjusted rating and tier, and those that move the trust of the shop's person.
        {{ tally('counted', 'is_counted', 'created_at') }},
        coalesce(sum(rating) filter (where is_counted), 0) as counted_sum,
        {{ tally('ratings', 'moves_trust', 'created_at') }},
        count(*) filter (
            where moves_trust and rating >= {{ policy('positive_rating_from') }}
        ) as positive_ratings,
        count(*) filter (where rating = 5) as five_star,
        count(*) filter (where rating = 4) as four_star,
        count(*) filter (where rating = 3) as three_star,
        count(*) filter (where rating = 2) as two_star,
        count(*) filter (where rating = 1) as one_star
    from reviews
    group by seller_id, day

)

select * from final

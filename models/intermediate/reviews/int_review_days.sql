{{ config(
    materialized='kept',
    key=['seller_id', 'summed_on'],
    unique=true,
    stored_by=['seller_id', 'summed_on'],
    stale='stale_review_days',
) }}

with reviews as (

    select reviews.* from {{ ref('int_judged_reviews') }} as reviews
    {{ only_stale('reviews', ['seller_id', 'summed_on'], source('standing', 'stale_review_days')) }}
    where reviews.summed_on is not null

),

final as (

    select
        seller_id,
        summed_on,
        {{ summed_reviews() }}
    from reviews
    group by seller_id, summed_on

)

select * from final

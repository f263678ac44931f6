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
        {{ summed_reviews() }}
    from reviews
    group by seller_id, day

)

select * from final

{{ config(kind='view') }}

with reviews as (

    select reviews.* from {{ ref('int_review_facts') }} as reviews
    {{ only_stale('reviews', 'order_id', source('standing', 'stale_orders')) }}
    where reviews.is_known and reviews.is_counted and reviews.order_id is not null

),

-- Where every review counts, an order's latest is its last word; an undated one is older than any other.
final as (

    select distinct on (order_id)
        order_id,
        rating
    from reviews
    order by order_id asc, created_at desc nulls last, review_id desc

)

select * from final

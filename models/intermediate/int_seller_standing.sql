{{ config(materialized='view') }}

with sellers as (

    select * from {{ ref('stg_sellers') }}

),

seller_orders as (

    select * from {{ ref('int_seller_orders') }}

),

seller_reviews as (

    select * from {{ ref('int_seller_reviews') }}

),

tier_policy as (

    select * from {{ ref('tier_policy') }}

),

-- What the application's column says is the published past; a tier that policy does not know is starter.
final as (

    select
        sellers.seller_id,
        coalesce(seller_orders.completed_orders, 0) as completed_orders,
        coalesce(seller_reviews.total_reviews, 0) as total_reviews,
        coalesce(seller_reviews.rating_sum, 0) as rating_sum,
        seller_reviews.first_review_at,
        seller_reviews.last_review_at,
        seller_orders.next_step_at,
        coalesce(published.tier, 'starter') as published_tier,
        coalesce(published.tier_level, 1) as published_tier_level,
        sellers.published_tier_info ->> 'tier_achieved_at' as published_achieved_at,
        case
            when jsonb_typeof(sellers.published_tier_info -> 'tier_change_history') = 'array'
                then sellers.published_tier_info -> 'tier_change_history'
            else '[]'::jsonb
        end as published_history
    from sellers
    left join seller_orders on sellers.seller_id = seller_orders.seller_id
    left join seller_reviews on sellers.seller_id = seller_reviews.seller_id
    left join tier_policy as published on sellers.published_tier_info ->> 'current_tier' = published.tier

)

select * from final

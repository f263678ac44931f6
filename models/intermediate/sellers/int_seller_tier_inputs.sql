{{ config(kind='view') }}

with sellers as (

    select sellers.* from {{ ref('stg_sellers') }} as sellers
    {{ only_due('sellers', 'seller_id', ref('int_due_sellers')) }}

),

seller_orders as (

    select * from {{ ref('int_seller_orders') }}

),

seller_reviews as (

    select * from {{ ref('int_seller_reviews') }}

),

upcoming as (

    select * from {{ ref('int_seller_upcoming') }}

),

tier_policy as (

    select * from {{ ref('tier_policy') }}

),

-- What the application's column says is the published past. A replay looks behind what was published since
-- then.
published_since as (

    select distinct on (member_id)
        member_id,
        old_document
    from {{ source('state', 'history') }}
    where target = 'tier_info' and published_at >= {{ as_of() }}
    order by member_id asc, published_at asc

),

remembered as (

    select
        sellers.seller_id,
        sellers.user_id,
        case
            when published_since.member_id is not null then published_since.old_document
            else sellers.published_tier_info
        end as published_tier_info
    from sellers
    left join published_since on sellers.seller_id = published_since.member_id

),

-- A tier that policy does not know is starter.
final as (

    select
        remembered.seller_id,
        coalesce(seller_orders.completed_orders, 0) as completed_orders,
        coalesce(seller_reviews.total_reviews, 0) as total_reviews,
        coalesce(seller_reviews.rating_sum, 0) as rating_sum,
        seller_reviews.first_review_at,
        seller_reviews.last_review_at,
        least(seller_orders.next_step_at, upcoming.next_event_at) as next_step_at,
        coalesce(published.tier, 'starter') as published_tier,
        coalesce(published.tier_level, 1) as published_tier_level,
        coalesce(published.demotion_grace_days, 0) as grace_days,
        remembered.published_tier_info ->> 'tier_achieved_at' as published_achieved_at,
        case
            when
                remembered.published_tier_info #>> '{evidence,grace,since}'
                ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$'
                then (remembered.published_tier_info #>> '{evidence,grace,since}')::timestamptz
        end as published_grace_since,
        case
            when jsonb_typeof(remembered.published_tier_info -> 'tier_change_history') = 'array'
                then remembered.published_tier_info -> 'tier_change_history'
            else '[]'::jsonb
        end as published_history
    from remembered
    left join seller_orders on remembered.seller_id = seller_orders.seller_id
    left join seller_reviews on remembered.seller_id = seller_reviews.seller_id
    left join upcoming on remembered.seller_id = upcoming.seller_id
    left join tier_policy as published on remembered.published_tier_info ->> 'current_tier' = published.tier

)

select * from final

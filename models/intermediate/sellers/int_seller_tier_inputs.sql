{{ config(kind='view') }}

with published_then as (

    select * from {{ ref('int_seller_published_tiers') }}

),

seller_orders as (

    select * from {{ ref('int_seller_orders') }}

),

seller_reviews as (

    select * from {{ ref('int_seller_reviews') }}

),

customers as (

    select * from {{ ref('int_seller_customers') }}

),

upcoming as (

    select * from {{ ref('int_seller_upcoming') }}

),

tier_policy as (

    select * from {{ ref('tier_policy') }}

),

-- A tier that policy does not know is starter. Only what Standing published has evidence and with it grace,
-- not the defaults of the upgrade.
final as (

    select
        published_then.seller_id,
        coalesce(seller_orders.completed_orders, 0) as completed_orders,
        coalesce(customers.total_customers, 0) as buyers,
        {{ tallied('seller_reviews', ['counted_reviews'], ['counted_sum']) }},
        least(seller_orders.next_step_at, upcoming.next_event_at) as next_step_at,
        coalesce(published.tier, 'starter') as published_tier,
        coalesce(published.tier_level, 1) as published_tier_level,
        case
            when published_then.published_tier_info ? 'evidence'
                then coalesce(published.demotion_grace_days, 0)
            else 0
        end as grace_days,
        published_then.achieved_at as published_achieved_at,
        case
            when
                published_then.grace_since ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$'
                and published_then.grace_since <= {{ utc_text(as_of()) }}
                then published_then.grace_since::timestamptz
        end as published_grace_since,
        published_then.history as published_history
    from published_then
    left join seller_orders on published_then.seller_id = seller_orders.seller_id
    left join seller_reviews on published_then.seller_id = seller_reviews.seller_id
    left join customers on published_then.seller_id = customers.seller_id
    left join upcoming on published_then.seller_id = upcoming.seller_id
    left join tier_policy as published on published_then.tier_then = published.tier

)

select * from final

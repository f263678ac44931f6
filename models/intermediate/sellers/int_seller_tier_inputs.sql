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

-- The document's own moments say what of it is younger than as_of, as after a replay's moment or in the
-- defaults of an upgrade that came later: that was not known then.
known_then as (

    select
        *,
        published_tier_info #>> '{evidence,grace,since}' as grace_since,
        coalesce(published_tier_info ->> 'tier_achieved_at' > {{ utc_text(as_of()) }}, false) as is_younger,
        case
            when jsonb_typeof(published_tier_info -> 'tier_change_history') = 'array'
                then published_tier_info -> 'tier_change_history'
            else '[]'::jsonb
        end as published_history
    from remembered

),

-- Newest change first.
changes as (

    select
        known_then.seller_id,
        listed.change,
        listed.place,
        coalesce(listed.change ->> 'at' > {{ utc_text(as_of()) }}, false) as is_younger
    from known_then
    cross join
        lateral jsonb_array_elements(known_then.published_history)
        with ordinality as listed (change, place)
    where known_then.is_younger

),

parted as (

    select
        seller_id,
        jsonb_agg(change order by place) filter (where not is_younger) as older,
        (array_agg(change ->> 'from' order by place desc) filter (where is_younger))[1] as tier_before
    from changes
    group by seller_id

),

published_then as (

    select
        known_then.*,
        case
            when known_then.is_younger then parted.tier_before
            else known_then.published_tier_info ->> 'current_tier'
        end as tier_then,
        case
            when known_then.is_younger then parted.older #>> '{0,at}'
            else known_then.published_tier_info ->> 'tier_achieved_at'
        end as achieved_at,
        case
            when known_then.is_younger then coalesce(parted.older, '[]'::jsonb)
            else known_then.published_history
        end as history
    from known_then
    left join parted on known_then.seller_id = parted.seller_id

),

-- A tier that policy does not know is starter. Only what Standing published has evidence and with it grace,
-- not the defaults of the upgrade.
final as (

    select
        published_then.seller_id,
        coalesce(seller_orders.completed_orders, 0) as completed_orders,
        coalesce(seller_reviews.total_reviews, 0) as total_reviews,
        coalesce(seller_reviews.rating_sum, 0) as rating_sum,
        seller_reviews.first_review_at,
        seller_reviews.last_review_at,
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
    left join upcoming on published_then.seller_id = upcoming.seller_id
    left join tier_policy as published on published_then.tier_then = published.tier

)

select * from final

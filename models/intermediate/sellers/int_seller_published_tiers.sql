{{ config(kind='view') }}

with sellers as (

    select sellers.* from {{ ref('stg_sellers') }} as sellers
    {{ only_due('sellers', 'seller_id', ref('int_due_sellers')) }}

),

-- What the application's column says is the published past. A replay looks behind what was published since
-- then. as_of is a whole second: what was published within it was known, as to a run right after another.
published_since as (

    select distinct on (member_id)
        member_id,
        old_document
    from {{ source('state', 'history') }}
    where target = 'tier_info' and published_at >= {{ as_of() }} + interval '1 second'
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

final as (

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

)

select * from final

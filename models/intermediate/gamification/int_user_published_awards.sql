{{ config(kind='view') }}

with members as (

    select members.* from {{ ref('stg_published_gamification') }} as members
    {{ only_due('members', 'user_id', ref('int_due_users')) }}

),

-- What the application's column says is the published past. A replay looks behind what was published since
-- then. as_of is a whole second: what was published within it was known, as to a run right after another.
published_since as (

    select distinct on (member_id)
        member_id,
        old_document
    from {{ source('state', 'history') }}
    where target = 'gamification' and published_at >= {{ as_of() }} + interval '1 second'
    order by member_id asc, published_at asc

),

remembered as (

    select
        members.user_id,
        case
            when published_since.member_id is not null then published_since.old_document
            else members.published_gamification
        end as published_gamification
    from members
    left join published_since on members.user_id = published_since.member_id

),

-- Before the first run the lists are the application's own, in whatever form.
lists as (

    select
        remembered.user_id,
        listed.kind,
        listed.items
    from remembered
    cross join
        lateral (
            values
            ('badge', remembered.published_gamification -> 'badges'),
            ('achievement', remembered.published_gamification -> 'achievements')
        ) as listed (kind, items)
    where remembered.published_gamification ? 'evidence' and jsonb_typeof(listed.items) = 'array'

),

items as (

    select
        lists.user_id,
        lists.kind,
        item ->> 'code' as code,
        item ->> 'earned_at' as earned_at
    from lists
    cross join lateral jsonb_array_elements(lists.items) as item
    where jsonb_typeof(item) = 'object'

),

-- What is younger than as_of was not known then.
final as (

    select
        user_id,
        jsonb_object_agg(kind || ' ' || code, earned_at) as earned
    from items
    where
        code is not null
        and earned_at ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$'
        and earned_at <= {{ utc_text(as_of()) }}
    group by user_id

)

select * from final

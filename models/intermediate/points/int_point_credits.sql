{{ config(looked_up=['user_id']) }}

with due_users as (

    select * from {{ ref('int_due_users') }}

),

keys as (

    select * from {{ ref('int_point_keys') }}
    where worth > 0

),

entries as (

    select * from {{ ref('int_point_entries') }}
    where is_counted and not is_of_a_key and meaning != 'restore' and amount > 0

),

openings as (

    select * from {{ source('state', 'loyalty_openings') }}
    where opening > 0

),

calendar as (

    select * from {{ ref('int_point_calendar') }}

),

credited as (

    select
        user_id,
        source,
        source_id,
        true as is_of_a_key,
        worth as points,
        counts_from as credited_at,
        null::date as stated_end_month
    from keys
    union all
    select
        user_id,
        source,
        entry_id as source_id,
        false as is_of_a_key,
        amount as points,
        created_at as credited_at,
        -- A stated end is a reason to let points live longer, never shorter.
        case when isfinite(expires_at) then {{ next_month("expires_at - interval '1 microsecond'") }} end
            as stated_end_month
    from entries
    union all
    select
        openings.user_id,
        'opening' as source,
        null as source_id,
        false as is_of_a_key,
        openings.opening as points,
        '-infinity' as credited_at,
        null as stated_end_month
    from openings
    inner join due_users on openings.user_id = due_users.user_id

),

-- The time of points from before the start begins with it: no rule said before that they end.
dated as (

    select
        credited.*,
        greatest(calendar.end_month, credited.stated_end_month) as end_month
    from credited
    left join calendar
        on
            calendar.first_day
            = {{ business_month('greatest(credited.credited_at, ' ~ points_began_at() ~ ')') }}

),

-- Points are spent in the order of their ends, so no newer ones may end before older ones. By the calendar
-- none do: it is only a stated end, or none, that later points wait for.
waiting as (

    select distinct user_id from dated
    where stated_end_month is not null or end_month is null

),

final as (

    select
        dated.user_id,
        dated.source,
        dated.source_id,
        dated.is_of_a_key,
        dated.points,
        dated.credited_at,
        dated.end_month
    from dated
    left join waiting on dated.user_id = waiting.user_id
    where waiting.user_id is null
    union all
    select
        dated.user_id,
        dated.source,
        dated.source_id,
        dated.is_of_a_key,
        dated.points,
        dated.credited_at,
        max(coalesce(dated.end_month, 'infinity')) over (
            partition by dated.user_id
            order by dated.credited_at, dated.source, dated.source_id
        ) as end_month
    from dated
    inner join waiting on dated.user_id = waiting.user_id

)

select * from final

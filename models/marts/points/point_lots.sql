with credits as (

    select * from {{ ref('int_point_credits') }}

),

keys as (

    select * from {{ ref('int_point_keys') }}

),

ends as (

    select * from {{ ref('int_point_ends') }}

),

-- What all debits and ends until now have taken, from the front of the queue.
gone as (

    select
        user_id,
        sum(debited) + coalesce(sum(expired) filter (where ends_at <= {{ as_of() }}), 0) as points
    from ends
    group by user_id

),

-- What each end to come takes, if nothing changes, as places on the queue.
ahead as (

    select
        ends.user_id,
        ends.ends_at,
        gone.points
        + sum(ends.expired) over in_order
        - ends.expired as gone_before,
        gone.points + sum(ends.expired) over in_order as gone_after
    from ends
    inner join gone on ends.user_id = gone.user_id
    where ends.expired > 0 and (ends.ends_at > {{ as_of() }} or ends.ends_at is null)
    window in_order as (partition by ends.user_id order by ends.end_month)

),

queued as (

    select
        user_id,
        source,
        source_id,
        is_of_a_key,
        credited_at,
        points,
        sum(points) over in_order - points as starts_at,
        sum(points) over in_order as stops_at
    from credits
    window in_order as (partition by user_id order by end_month, credited_at, source, source_id)
    union all
    -- What was given back beyond what had been spent is of no credit, and the first to go.
    select
        user_id,
        'restore' as source,
        null as source_id,
        false as is_of_a_key,
        '-infinity' as credited_at,
        -points as points,
        points as starts_at,
        0 as stops_at
    from gone
    where points < 0

),

final as (

    select
        queued.user_id,
        queued.source,
        queued.source_id,
        queued.is_of_a_key,
        nullif(queued.credited_at, '-infinity') as credited_at,
        queued.points,
        least(queued.stops_at, ahead.gone_after)
        - greatest(queued.starts_at, ahead.gone_before) as points_left,
        ahead.ends_at
    from queued
    inner join ahead
        on
            queued.user_id = ahead.user_id
            and queued.stops_at > ahead.gone_before
            and queued.starts_at < ahead.gone_after
    union all
    -- Nothing is to be spent of it yet.
    select
        user_id,
        source,
        source_id,
        true as is_of_a_key,
        counts_from as credited_at,
        points,
        null as points_left,
        null as ends_at
    from keys
    where points > 0 and counts_from > {{ as_of() }}

)

select * from final

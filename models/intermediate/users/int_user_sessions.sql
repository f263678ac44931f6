{{ config(
    materialized='incremental_by_key',
    of='members',
    sources=['users', 'user_sessions'],
    key=['user_id'],
    unique=true,
    stale='stale_user_sessions',
    partial_indexes={'next_step_at': 'next_step_at is not null'},
) }}

with sessions as (

    select sessions.* from {{ ref('stg_user_sessions') }} as sessions
    {{ only_stale('sessions', 'user_id', source('standing', 'stale_user_sessions')) }}

),

final as (

    select
        user_id,
        count(*) filter (where ended_at is not null) as sessions,
        sum(extract(epoch from ended_at - started_at)) as seconds,
        least(
            {{ leaves('min(ended_at)', policy('session_window_days')) }},
            min(next_event_at)
        ) as next_step_at
    from sessions
    where
        ended_at >= {{ window_start(policy('session_window_days')) }}
        or next_event_at is not null
    group by user_id

)

select * from final

with due_users as (

    select * from {{ ref('int_due_users') }}

),

sessions as (

    select * from {{ ref('stg_user_sessions') }}

),

final as (

    select
        sessions.user_id,
        count(*) filter (where sessions.ended_at is not null) as sessions,
        sum(extract(epoch from sessions.ended_at - sessions.started_at)) as seconds,
        least(
            {{ leaves('min(sessions.ended_at)', policy('session_window_days')) }},
            min(sessions.next_event_at)
        ) as next_step_at
    from sessions
    inner join due_users on sessions.user_id = due_users.user_id
    where
        sessions.ended_at > {{ days_ago(policy('session_window_days')) }}
        or sessions.next_event_at is not null
    group by sessions.user_id

)

select * from final

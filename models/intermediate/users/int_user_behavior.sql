with users as (

    select * from {{ ref('stg_users') }}

),

windows as (

    select * from {{ ref('int_user_windows') }}

),

user_orders as (

    select * from {{ ref('int_user_orders') }}

),

user_messages as (

    select * from {{ ref('int_user_messages') }}

),

activity as (

    select * from {{ ref('int_user_activity') }}

),

sessions as (

    select * from {{ ref('int_user_sessions') }}

),

user_conduct as (

    select * from {{ ref('int_user_cases_and_referrals') }}

),

user_reviews as (

    select * from {{ ref('int_user_reviews') }}

),

upcoming as (

    select * from {{ ref('int_user_upcoming') }}

),

final as (

    select
        windows.user_id,
        windows.window_days,
        {{ tallied('user_orders', ['resolved', 'concluded', 'raw_resolved', 'raw_concluded']) }},
        {% for number in ('completed', 'cancelled', 'disputed') -%}
            user_orders.{{ number }},
            user_orders.raw_{{ number }},
        {% endfor -%}
        user_orders.has_exclusions,
        {{ tallied('user_messages', ['recent_threads'], [
            'recent_threads_answered', 'response_rate', 'response_time_avg', 'response_time_median',
        ]) }},
        coalesce(activity.last_act_at, users.created_at) as last_active_at,
        coalesce(activity.active_days, 0) as active_days,
        coalesce(round(sessions.seconds / 60 / nullif(sessions.sessions, 0), 2), 0) as avg_session_duration,
        user_conduct.reports,
        user_conduct.warnings,
        coalesce(user_reviews.helpful_reviews, 0) as helpful_reviews,
        least(
            {{ leaves('user_orders.raw_resolved_first_at', 'windows.window_days') }},
            user_orders.next_event_at,
            user_messages.next_step_at,
            activity.next_step_at,
            sessions.next_step_at,
            {{ leaves('user_conduct.reports_first_at', policy('trust_window_days')) }},
            {{ leaves('user_conduct.warnings_first_at', policy('trust_window_days')) }},
            user_conduct.next_event_at,
            upcoming.next_event_at
        ) as valid_until
    from windows
    inner join users on windows.user_id = users.user_id
    inner join user_orders on windows.user_id = user_orders.user_id
    left join user_messages on windows.user_id = user_messages.user_id
    left join activity on windows.user_id = activity.user_id
    left join sessions on windows.user_id = sessions.user_id
    left join user_conduct on windows.user_id = user_conduct.user_id
    left join user_reviews on windows.user_id = user_reviews.user_id
    left join upcoming on windows.user_id = upcoming.user_id

)

select * from final

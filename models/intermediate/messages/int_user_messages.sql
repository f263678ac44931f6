{{ config(
    materialized='incremental_by_key',
    of='members',
    key=['user_id'],
    unique=true,
    stale='stale_user_messages',
    partial_indexes={'next_step_at': 'next_step_at is not null'},
) }}
{%- set longest =
    'greatest(' ~ policy('trust_window_days') ~ ', ' ~ policy('response_window_days') ~ ')' -%}

with threads as (

    select threads.* from {{ ref('int_threads') }} as threads
    {{ only_stale('threads', 'user_id', source('standing', 'stale_user_messages')) }}
    -- A thread that has left every window stays in int_threads until everything is derived.
    where threads.sent_at >= {{ window_start(longest) }}

),

flagged as (

    select
        *,
        is_evaluated and sent_at >= {{ window_start(policy('trust_window_days')) }} as is_in_trust_window,
        is_evaluated and sent_at >= {{ window_start(policy('response_window_days')) }} as is_recent
    from threads

),

counted as (

    select
        user_id,
        {{ tally('threads', 'is_in_trust_window', 'sent_at') }},
        count(*) filter (where is_in_trust_window and is_answered) as threads_answered,
        {{ tally('recent_threads', 'is_recent', 'sent_at') }},
        count(*) filter (where is_recent and is_answered) as recent_threads_answered,
        sum(minutes_to_answer) filter (where is_recent and is_answered) as answer_minutes,
        array_agg(minutes_to_answer order by minutes_to_answer asc)
        filter (where is_recent and is_answered) as answer_times,
        min(answer_due_at) filter (where not is_evaluated) as next_evaluation_at
    from flagged
    group by user_id

),

final as (

    select
        counted.user_id,
        {{ tallied('counted', ['threads', 'recent_threads']) }},
        counted.threads_answered,
        counted.recent_threads_answered,
        {{ percentage('counted.recent_threads_answered', 'counted.recent_threads') }} as response_rate,
        coalesce(round(counted.answer_minutes / nullif(counted.recent_threads_answered, 0), 2), 0)
            as response_time_avg,
        -- The mean of the two in the middle, which are one and the same of an odd number.
        coalesce(
            round(
                (
                    counted.answer_times[(counted.recent_threads_answered + 1) / 2]
                    + counted.answer_times[counted.recent_threads_answered / 2 + 1]
                ) / 2, 2
            ), 0
        ) as response_time_median,
        least(
            counted.next_evaluation_at,
            {{ leaves('counted.threads_first_at', policy('trust_window_days')) }},
            {{ leaves('counted.recent_threads_first_at', policy('response_window_days')) }}
        ) as next_step_at
    from counted

)

select * from final

{{ config(kind='view') }}

{#- No CTE: PostgreSQL looks nothing up by key in a view that has one. -#}
select
    thread_id,
    user_id,
    sent_at,
    answer_due_at,
    coalesce(answered_at <= answer_due_at, false) as is_answered,
    -- A thread is evaluated once it is answered or its time is up.
    answered_at is not null or answer_due_at <= {{ as_of() }} as is_evaluated,
    extract(epoch from answered_at - sent_at) / 60 as minutes_to_answer
from (
    select
        *,
        sent_at + make_interval(hours => {{ policy('answer_hours') }}::integer) as answer_due_at
    from {{ ref('int_thread_facts') }}
    where user_id is not null
) as threads

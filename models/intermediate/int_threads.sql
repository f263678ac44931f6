{{ config(kind='view') }}

with threads as (

    select
        *,
        sent_at + make_interval(hours => {{ policy('answer_hours') }}::integer) as answer_due_at
    from {{ ref('int_judged_threads') }}
    where user_id is not null

),

-- A thread is judged once it is answered or its time is up.
final as (

    select
        thread_id,
        user_id,
        sent_at,
        answer_due_at,
        coalesce(answered_at <= answer_due_at, false) as is_answered,
        answered_at is not null or answer_due_at <= {{ as_of() }} as is_judged,
        extract(epoch from answered_at - sent_at) / 60 as minutes_to_answer
    from threads

)

select * from final

{{ config(kind='view') }}

-- depends_on: {{ ref('int_due_people') }}
with
{% if not everybody_is_due() %}
    -- Every thread in which one of the due was written to: who was written to first is judged.
    due_threads as (

        select distinct messages.thread_id
        from {{ ref('stg_messages') }} as messages
        inner join {{ ref('int_due_people') }} as due_people on messages.recipient_id = due_people.user_id

    ),

{% endif %}
messages as (

    select messages.* from {{ ref('stg_messages') }} as messages
    {{ only_due('messages', 'thread_id', 'due_threads') }}
    where messages.sent_at is not null and messages.thread_id is not null

),

openings as (

    select distinct on (thread_id)
        thread_id,
        sender_id,
        recipient_id,
        sent_at
    from messages
    order by thread_id asc, sent_at asc, message_id asc, sender_id asc

),

received as (

    select
        thread_id,
        recipient_id as user_id,
        sent_at,
        sent_at + make_interval(hours => {{ policy('answer_hours') }}::integer) as answer_due_at
    from openings
    where
        sender_id is distinct from recipient_id
        and sent_at > {{ days_ago('greatest(' ~ policy('trust_window_days') ~ ', ' ~ policy('response_window_days') ~ ')') }}

),

answers as (

    select
        received.thread_id,
        min(messages.sent_at) as answered_at
    from received
    inner join messages on received.thread_id = messages.thread_id and received.user_id = messages.sender_id
    where messages.sent_at >= received.sent_at
    group by received.thread_id

),

-- A thread is judged once it is answered or its time is up.
final as (

    select
        received.thread_id,
        received.user_id,
        received.sent_at,
        received.answer_due_at,
        coalesce(answers.answered_at <= received.answer_due_at, false) as is_answered,
        answers.answered_at is not null or received.answer_due_at <= {{ as_of() }} as is_judged,
        extract(epoch from answers.answered_at - received.sent_at) / 60 as minutes_to_answer
    from received
    left join answers on received.thread_id = answers.thread_id

)

select * from final

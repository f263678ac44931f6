with due_users as (

    select * from {{ ref('int_due_users') }}

),

messages as (

    select * from {{ ref('stg_messages') }}

),

openings as (

    select distinct on (thread_id)
        thread_id,
        sender_id,
        recipient_id,
        sent_at
    from messages
    order by thread_id, sent_at, message_id

),

received as (

    select
        openings.thread_id,
        openings.recipient_id as user_id,
        openings.sent_at,
        openings.sent_at + make_interval(hours => {{ policy('answer_hours') }}::integer) as answer_due_at
    from openings
    inner join due_users on openings.recipient_id = due_users.user_id
    where
        openings.sender_id is distinct from openings.recipient_id
        and openings.sent_at > {{ days_ago(policy('trust_window_days')) }}

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
judged as (

    select
        received.user_id,
        received.sent_at,
        received.answer_due_at,
        coalesce(answers.answered_at <= received.answer_due_at, false) as is_answered,
        answers.answered_at is not null or received.answer_due_at <= {{ as_of() }} as is_judged
    from received
    left join answers on received.thread_id = answers.thread_id

),

final as (

    select
        user_id,
        count(*) filter (where is_judged) as threads_judged,
        count(*) filter (where is_judged and is_answered) as threads_answered,
        min(sent_at) filter (where is_judged) as first_thread_at,
        max(sent_at) filter (where is_judged) as last_thread_at,
        min(answer_due_at) filter (where not is_judged) as next_judgement_at
    from judged
    group by user_id

)

select * from final

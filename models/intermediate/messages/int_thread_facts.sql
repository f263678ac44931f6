{{ config(
    materialized='incremental_by_key',
    of='rows',
    key=['thread_id'],
    unique=true,
    stored_by=['user_id'],
    stale='stale_threads',
    along={'stale_user_messages': {'user_id': 'user_id'}},
    indexes=[{'columns': ['user_id']}],
    partial_indexes={'next_step_at': 'next_step_at is not null'},
) }}

with messages as (

    select messages.* from {{ ref('stg_messages') }} as messages
    {{ only_stale('messages', 'thread_id', source('standing', 'stale_threads')) }}
    where messages.thread_id is not null

),

sent as (

    select * from messages
    where sent_at is not null

),

openings as (

    select distinct on (thread_id)
        thread_id,
        sender_id,
        recipient_id,
        sent_at
    from sent
    order by thread_id asc, sent_at asc, message_id asc, sender_id asc

),

received as (

    select
        thread_id,
        recipient_id as user_id,
        sent_at
    from openings
    where
        sender_id is distinct from recipient_id
        and sent_at >= {{ window_start(
            'greatest(' ~ policy('trust_window_days') ~ ', ' ~ policy('response_window_days') ~ ')'
        ) }}

),

answers as (

    select
        received.thread_id,
        min(sent.sent_at) as answered_at
    from received
    inner join sent on received.thread_id = sent.thread_id and received.user_id = sent.sender_id
    where sent.sent_at >= received.sent_at
    group by received.thread_id

),

-- A message of the future may be the answer, or the beginning of a thread that has none yet.
upcoming as (

    select
        thread_id,
        min(next_event_at) as next_event_at,
        array_agg(sender_id order by next_event_at, sender_id, recipient_id) as senders,
        array_agg(recipient_id order by next_event_at, sender_id, recipient_id) as recipients,
        array_agg(next_event_at order by next_event_at, sender_id, recipient_id) as moments
    from messages
    where next_event_at is not null
    group by thread_id

),

final as (

    select
        coalesce(received.thread_id, upcoming.thread_id) as thread_id,
        received.user_id,
        received.sent_at,
        answers.answered_at,
        upcoming.next_event_at as next_step_at,
        upcoming.senders as upcoming_senders,
        upcoming.recipients as upcoming_recipients,
        upcoming.moments as upcoming_moments
    from received
    left join answers on received.thread_id = answers.thread_id
    full outer join upcoming on received.thread_id = upcoming.thread_id

)

select * from final

{{ config(
    materialized='incremental_by_key',
    of='members',
    sources=['messages'],
    key=['user_id'],
    stored_by=['user_id'],
    stale='stale_message_days',
    partial_indexes={'next_step_at': 'next_step_at is not null'},
) }}

with messages as (

    select messages.* from {{ ref('stg_messages') }} as messages
    {{ only_stale('messages', 'sender_id', source('standing', 'stale_message_days'), 'user_id') }}
    where messages.sender_id is not null

),

-- Days that were too old when they were counted are one row together, and the messages of the future with
-- them.
final as (

    select
        sender_id as user_id,
        {{ counted_day('sent_at') }} as day,
        max(sent_at) as last_sent_at,
        min(next_event_at) as next_step_at
    from messages
    group by user_id, day

)

select * from final

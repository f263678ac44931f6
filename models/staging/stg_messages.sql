select
    message_id,
    thread_id,
    sender_id,
    recipient_id,
    {{ known('sent_at') }} as sent_at,
    {{ upcoming('sent_at') }} as next_event_at
from {{ ref('base_messages') }}
where trusted_recipient_id is not null

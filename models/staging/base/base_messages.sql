{%- set reasons -%}
    when source.sender_id is null then 'no sender'
    when source.recipient_id is null then 'no recipient'
    when source.sent_at is null then 'no sending time'
    when {{ impossible_moment(['source.sent_at']) }} then 'impossible time'
{%- endset -%}
{%- set left_out -%}
    when source.sent_at > {{ latest_moment() }} then 'dated in the future; it waits until then'
    {{ when_orphaned('messages.sender_id', 'sender does not exist; it counts for the recipient') }}
    {{ when_orphaned('messages.recipient_id', 'recipient does not exist; it counts for the sender') }}
{%- endset -%}

{{ trusted_rows(
    'messages',
    columns=[
        'id identity as message_id',
        'thread_id identity',
        'sender_id uuid',
        'recipient_id uuid',
        'sent_at timestamptz',
    ],
    parents={'sender_id': 'users', 'recipient_id': 'users'},
    reasons=reasons,
    left_out=left_out,
    key='recipient_id',
    row_key='message_id::text',
) }}

{%- set columns = application_columns('messages') -%}
{%- set source_rows -%}
    select
        {{ application_column(columns, 'id', 'uuid') }} as message_id,
        {{ application_column(columns, 'thread_id', 'uuid') }} as thread_id,
        {{ application_column(columns, 'sender_id', 'uuid') }} as sender_id,
        {{ application_column(columns, 'recipient_id', 'uuid') }} as recipient_id,
        {{ application_column(columns, 'sent_at', 'timestamptz') }} as sent_at
    {{ application_rows('messages', columns) }}
{%- endset -%}
{#- One whose other side is gone still counts for the member who is left. -#}
{%- set judged_rows -%}
    select
        source.*,
        case
            when source.sender_id is null then 'no sender'
            when source.recipient_id is null then 'no recipient'
            when source.sent_at is null then 'no sending time'
            when {{ impossible_moment(['source.sent_at']) }} then 'impossible time'
        end as quarantine_reason,
        case
            when source.sent_at > {{ latest_moment() }} then 'dated in the future; it waits until then'
            {{ when_orphaned('messages.sender_id', 'sender does not exist; it counts for the recipient') }}
            {{ when_orphaned('messages.recipient_id', 'recipient does not exist; it counts for the sender') }}
        end as left_out
    from ({{ source_rows }}) as source
    {{ join_parent('messages.sender_id', 'users') }}
    {{ join_parent('messages.recipient_id', 'users') }}
{%- endset -%}

select
    *,
    message_id::text as row_key,
    -- Filter by this one: the planner takes "case … is null" for rare, and then loops over millions of rows.
    case when quarantine_reason is null then recipient_id end as trusted_recipient_id
from ({{ judged_rows }}) as judged

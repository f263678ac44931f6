{%- set columns = application_columns('messages') -%}

with source as (

    select
        {{ application_column(columns, 'id', 'uuid') }} as message_id,
        {{ application_column(columns, 'thread_id', 'uuid') }} as thread_id,
        {{ application_column(columns, 'sender_id', 'uuid') }} as sender_id,
        {{ application_column(columns, 'recipient_id', 'uuid') }} as recipient_id,
        {{ application_column(columns, 'sent_at', 'timestamptz') }} as sent_at
    {{ application_rows('messages', columns) }}

),

final as (

    select
        message_id,
        thread_id,
        sender_id,
        recipient_id,
        {{ known('sent_at') }} as sent_at,
        {{ upcoming('sent_at') }} as next_event_at
    from source
    where sent_at is not null

)

select * from final

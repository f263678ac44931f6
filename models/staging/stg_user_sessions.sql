{%- set columns = application_columns('user_sessions') -%}

with source as (

    select
        {{ application_column(columns, 'user_id', 'uuid') }} as user_id,
        {{ application_column(columns, 'started_at', 'timestamptz') }} as started_at,
        {{ application_column(columns, 'ended_at', 'timestamptz') }} as ended_at
    {{ application_rows('user_sessions', columns) }}

),

-- A session that is still open, or that ended before it began, has no length.
final as (

    select
        user_id,
        started_at,
        {{ known('ended_at') }} as ended_at,
        {{ upcoming('ended_at') }} as next_event_at
    from source
    where ended_at >= started_at

)

select * from final

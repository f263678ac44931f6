{%- set columns = application_columns('returns') -%}

with source as (

    select
        {{ application_column(columns, 'id', 'uuid') }} as return_id,
        {{ application_column(columns, 'order_id', 'uuid') }} as order_id,
        {{ application_column(columns, 'requested_at', 'timestamptz') }} as requested_at,
        {{ application_column(columns, 'completed_at', 'timestamptz') }} as completed_at
    {{ application_rows('returns', columns) }}

),

final as (

    select
        return_id,
        order_id,
        requested_at,
        {{ known('completed_at') }} as completed_at,
        {{ upcoming('completed_at') }} as next_event_at
    from source

)

select * from final

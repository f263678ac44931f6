{%- set columns = application_columns('order_exclusions') -%}

with source as (

    select
        {{ application_column(columns, 'order_id', 'uuid') }} as order_id,
        {{ application_column(columns, 'reason', 'text') }} as reason,
        {{ application_column(columns, 'decided_at', 'timestamptz') }} as decided_at
    {{ application_rows('order_exclusions', columns) }}

),

final as (

    select
        order_id,
        reason,
        {{ known('decided_at') }} as decided_at,
        {{ upcoming('decided_at') }} as next_event_at
    from source
    where decided_at is not null

)

select * from final

{%- set columns = application_columns('order_exclusions') -%}

with source as (

    select
        {{ application_column(columns, 'order_id', 'uuid') }} as order_id,
        {{ application_column(columns, 'reason', 'text') }} as reason,
        {{ application_column(columns, 'decided_at', 'timestamptz') }} as decided_at
    {{ application_rows('order_exclusions', columns) }}

),

final as (

    select * from source
    where decided_at <= {{ as_of() }}

)

select * from final

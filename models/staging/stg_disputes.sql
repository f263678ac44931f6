{%- set columns = application_columns('disputes') -%}

with source as (

    select
        {{ application_column(columns, 'id', 'uuid') }} as dispute_id,
        {{ application_column(columns, 'order_id', 'uuid') }} as order_id,
        {{ application_column(columns, 'opened_at', 'timestamptz') }} as opened_at,
        {{ application_column(columns, 'resolved_at', 'timestamptz') }} as resolved_at,
        lower({{ application_column(columns, 'decided_against', 'text') }}) as decided_against
    {{ application_rows('disputes', columns) }}

),

-- A decision without a time was made when the dispute was opened, for all that is known; none is made before.
effective as (

    select
        dispute_id,
        order_id,
        opened_at,
        decided_against,
        greatest(resolved_at, case when decided_against is not null then opened_at end) as resolved_at
    from source
    where opened_at is not null

),

final as (

    select
        dispute_id,
        order_id,
        {{ known('opened_at') }} as opened_at,
        {{ known('resolved_at') }} as resolved_at,
        case when resolved_at <= {{ as_of() }} then decided_against end as decided_against,
        least({{ upcoming('opened_at') }}, {{ upcoming('resolved_at') }}) as next_event_at
    from effective

)

select * from final

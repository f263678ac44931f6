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

-- A decision without a time was made when the dispute was opened, for all that is known.
effective as (

    select
        dispute_id,
        order_id,
        opened_at,
        decided_against,
        coalesce(resolved_at, case when decided_against is not null then opened_at end) as resolved_at
    from source

),

final as (

    select
        dispute_id,
        order_id,
        opened_at,
        {{ known('resolved_at') }} as resolved_at,
        case when resolved_at <= {{ as_of() }} then decided_against end as decided_against,
        {{ upcoming('resolved_at') }} as next_event_at
    from effective
    where opened_at <= {{ as_of() }}

)

select * from final

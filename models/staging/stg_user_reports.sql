{%- set columns = application_columns('user_reports') -%}

with source as (

    select
        {{ application_column(columns, 'user_id', 'uuid') }} as user_id,
        {{ application_column(columns, 'created_at', 'timestamptz') }} as created_at,
        {{ application_column(columns, 'decided_at', 'timestamptz') }} as decided_at,
        lower({{ application_column(columns, 'outcome', 'text') }}) as outcome
    {{ application_rows('user_reports', columns) }}

),

-- An outcome without a time stands since the row was made; none stands before.
effective as (

    select
        user_id,
        created_at,
        outcome,
        case when outcome is not null then greatest(decided_at, created_at) end as decided_at
    from source
    where created_at is not null

),

final as (

    select
        user_id,
        {{ known('created_at') }} as created_at,
        {{ known('decided_at') }} as decided_at,
        case when decided_at <= {{ as_of() }} then outcome end as outcome,
        {{ upcoming('decided_at') }} as next_event_at
    from effective

)

select * from final

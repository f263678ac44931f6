{%- set columns = application_columns('user_reports') -%}

with source as (

    select
        {{ application_column(columns, 'user_id', 'uuid') }} as user_id,
        {{ application_column(columns, 'created_at', 'timestamptz') }} as created_at,
        {{ application_column(columns, 'decided_at', 'timestamptz') }} as decided_at,
        lower({{ application_column(columns, 'outcome', 'text') }}) as outcome
    {{ application_rows('user_reports', columns) }}

),

effective as (

    select
        user_id,
        created_at,
        outcome,
        coalesce(decided_at, case when outcome is not null then created_at end) as decided_at
    from source

),

final as (

    select
        user_id,
        created_at,
        {{ known('decided_at') }} as decided_at,
        case when decided_at <= {{ as_of() }} then outcome end as outcome,
        {{ upcoming('decided_at') }} as next_event_at
    from effective
    where created_at <= {{ as_of() }}

)

select * from final

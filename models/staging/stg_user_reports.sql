with source as (

    select * from {{ ref('base_user_reports') }}
    where trusted_user_id is not null

),

-- An outcome without a time stands since the row was made; none stands before.
effective as (

    select
        user_id,
        created_at,
        outcome,
        case when outcome is not null then greatest(decided_at, created_at) end as decided_at
    from source

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

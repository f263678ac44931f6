with source as (

    select * from {{ ref('base_user_sessions') }}
    where trusted_user_id is not null

),

-- A session that is still open has no length.
final as (

    select
        user_id,
        started_at,
        {{ known('ended_at') }} as ended_at,
        {{ upcoming('ended_at') }} as next_event_at
    from source
    where ended_at is not null

)

select * from final

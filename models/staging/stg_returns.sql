with source as (

    select * from {{ ref('base_returns') }}
    where trusted_order_id is not null

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

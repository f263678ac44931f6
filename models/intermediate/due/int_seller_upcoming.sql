with upcoming as (

    select * from {{ ref('int_upcoming') }}

),

final as (

    select
        seller_id,
        min(next_event_at) as next_event_at
    from upcoming
    where seller_id is not null
    group by seller_id

)

select * from final

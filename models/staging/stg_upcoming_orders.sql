-- What the application says will come: until then it counts nowhere, and then the scores change by themselves.
with keys as (

    select * from {{ ref('stg_order_keys') }}

),

final as (

    select
        order_id,
        buyer_id as user_id,
        seller_id,
        created_at as next_event_at
    from keys
    where created_at > {{ as_of() }}

)

select * from final

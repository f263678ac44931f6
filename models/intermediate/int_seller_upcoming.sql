{{ config(materialized='view') }}

with upcoming as (

    select * from {{ ref('stg_upcoming') }}

),

orders as (

    select * from {{ ref('stg_orders') }}

),

concerned as (

    select
        seller_id,
        next_event_at
    from upcoming
    union all
    -- A review that names its order only.
    select
        orders.seller_id,
        upcoming.next_event_at
    from upcoming
    inner join orders on upcoming.order_id = orders.order_id

),

final as (

    select
        seller_id,
        min(next_event_at) as next_event_at
    from concerned
    where seller_id is not null
    group by seller_id

)

select * from final

{{ config(materialized='view') }}

with upcoming as (

    select * from {{ ref('stg_upcoming') }}

),

sellers as (

    select * from {{ ref('stg_sellers') }}

),

orders as (

    select * from {{ ref('stg_orders') }}

),

messages as (

    select * from {{ ref('stg_messages') }}
    where next_event_at is not null

),

users as (

    select * from {{ ref('stg_users') }}
    where next_event_at is not null

),

-- Everybody whom a row of the future will concern.
concerned as (

    select
        user_id,
        next_event_at
    from upcoming
    union all
    select
        sellers.user_id,
        upcoming.next_event_at
    from upcoming
    inner join sellers on upcoming.seller_id = sellers.seller_id
    union all
    -- A review that names its order only.
    select
        concerned.user_id,
        upcoming.next_event_at
    from upcoming
    inner join orders on upcoming.order_id = orders.order_id
    left join sellers on orders.seller_id = sellers.seller_id
    cross join lateral (values (orders.buyer_id), (sellers.user_id)) as concerned (user_id)
    union all
    select
        sender_id as user_id,
        next_event_at
    from messages
    union all
    select
        recipient_id as user_id,
        next_event_at
    from messages
    union all
    select
        user_id,
        next_event_at
    from users

),

final as (

    select
        user_id,
        min(next_event_at) as next_event_at
    from concerned
    where user_id is not null
    group by user_id

)

select * from final

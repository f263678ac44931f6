with orders as (

    select * from {{ ref('int_orders') }}
    where is_excluded

),

windows as (

    select * from {{ ref('int_seller_windows') }}

),

flagged as (

    select {{ seller_order_flags('windows.window_start') }}
    from orders
    inner join windows on orders.seller_id = windows.seller_id

),

final as (

    select
        seller_id,
        {{ seller_lifetime_tallies('is_excluded') }},
        {{ seller_order_tallies('is_excluded') }},
        {{ seller_quarter_tallies('is_excluded') }}
    from flagged
    group by seller_id

)

select * from final

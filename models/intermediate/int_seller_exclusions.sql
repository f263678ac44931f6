with orders as (

    select
        shipments.*,
        coalesce(ratings.rating >= {{ policy('positive_rating_from') }}, false) as is_positive
    from {{ ref('int_shipments') }} as shipments
    left join {{ ref('int_order_ratings') }} as ratings on shipments.order_id = ratings.order_id
    where shipments.is_excluded

),

windows as (

    select * from {{ ref('int_seller_windows') }}

),

flagged as (

    select {{ seller_order_flags() }}
    from orders
    inner join windows on orders.seller_id = windows.seller_id

),

final as (

    select
        seller_id,
        {{ seller_order_tallies('is_excluded') }}
    from flagged
    group by seller_id

)

select * from final

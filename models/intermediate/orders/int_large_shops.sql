{{ config(materialized='kept', key=['seller_id'], unique=true) }}

-- A shop that has grown since everything was judged is read order by order until that happens again.
with orders as (

    select * from {{ ref('stg_order_keys') }}
    where seller_id is not null and {{ everything_is_judged() | lower }}

),

final as (

    select seller_id from orders
    group by seller_id
    having count(*) >= {{ policy('large_shop_from') }}

)

select * from final

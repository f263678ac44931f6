with source as (

    select * from {{ ref('base_products') }}
    where trusted_seller_id is not null

),

final as (

    select
        product_id,
        seller_id,
        status,
        stock
    from source

)

select * from final

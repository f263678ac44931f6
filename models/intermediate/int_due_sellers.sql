-- Every shop, until the change log says which have changed.
with sellers as (

    select * from {{ ref('stg_sellers') }}

),

final as (

    select seller_id from sellers

)

select * from final

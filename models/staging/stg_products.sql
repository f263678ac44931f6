select
    product_id,
    seller_id,
    status,
    stock
from {{ ref('base_products') }}
where trusted_seller_id is not null

{%- set reasons -%}
    when source.seller_id is null then 'no seller'
    {{ when_orphaned('products.seller_id', 'seller does not exist') }}
    when source.stock > {{ policy('max_stock') }} then 'absurd stock'
{%- endset -%}

{{ trusted_rows(
    'products',
    columns=[
        'id text as product_id',
        'seller_id uuid',
        'status code',
        'stock numeric',
    ],
    parents={'seller_id': 'seller_profiles'},
    reasons=reasons,
    key='seller_id',
    row_key='product_id',
) }}

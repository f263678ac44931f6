{%- set columns = application_columns('products') -%}

with source as (

    select
        {{ application_column(columns, 'id', 'uuid') }} as product_id,
        {{ application_column(columns, 'seller_id', 'uuid') }} as seller_id,
        lower({{ application_column(columns, 'status', 'text') }}) as status,
        {{ application_column(columns, 'stock', 'numeric') }} as stock
    {{ application_rows('products', columns) }}

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

{%- set columns = application_columns('orders') -%}

select
    {{ application_column(columns, 'id', 'uuid') }} as order_id,
    {{ application_column(columns, 'buyer_id', 'uuid') }} as buyer_id,
    {{ application_column(columns, 'seller_id', 'uuid') }} as seller_id,
    {{ application_column(columns, 'created_at', 'timestamptz') }} as created_at
{{ application_rows('orders', columns) }}

{%- set columns = application_columns('reviews') -%}

select
    {{ application_column(columns, 'id', 'uuid') }} as review_id,
    {{ application_column(columns, 'order_id', 'uuid') }} as order_id,
    {{ application_column(columns, 'seller_id', 'uuid') }} as seller_id,
    {{ application_column(columns, 'reviewer_id', 'uuid') }} as reviewer_id,
    {{ application_column(columns, 'created_at', 'timestamptz') }} as created_at
{{ application_rows('reviews', columns) }}

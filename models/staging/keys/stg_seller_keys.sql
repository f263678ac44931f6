{%- set columns = application_columns('seller_profiles') -%}

select
    {{ application_column(columns, 'id', 'uuid') }} as seller_id,
    {{ application_column(columns, 'created_at', 'timestamptz') }} as created_at
{{ application_rows('seller_profiles', columns) }}

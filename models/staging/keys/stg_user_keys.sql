{%- set columns = application_columns('users') -%}

select
    {{ application_column(columns, 'id', 'uuid') }} as user_id,
    {{ application_column(columns, 'created_at', 'timestamptz') }} as created_at
{{ application_rows('users', columns) }}

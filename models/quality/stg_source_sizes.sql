{{ config(materialized='incremental_by_key', unlogged=true, key=['source'], unique=true) }}

-- Counted when everything is built: limits are shares of these numbers.
{% for source in [
    'users', 'orders', 'reviews', 'messages', 'disputes', 'returns', 'user_sessions', 'user_reports',
    'user_warnings', 'order_exclusions', 'products', 'payouts',
] -%}
    select
        '{{ source }}' as source,
        (select count(*) {{ application_from(source, application_columns(source)) }}) as total
    where {{ everything_is_derived() | lower }}
    {{- ' union all' if not loop.last }}
{% endfor %}

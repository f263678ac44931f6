{{ config(materialized='kept', unlogged=true, key=['source'], unique=true) }}

-- Rows that come after everything was judged are counted when that happens again: a limit is a share of so many.
{% for source in [
    'users', 'orders', 'reviews', 'messages', 'disputes', 'returns', 'user_sessions', 'user_reports', 'user_warnings',
    'order_exclusions', 'products', 'payouts',
] -%}
    select
        '{{ source }}' as source,
        (select count(*) {{ application_from(source, application_columns(source)) }}) as total
    where {{ everything_is_judged() | lower }}
    {{- ' union all' if not loop.last }}
{% endfor %}

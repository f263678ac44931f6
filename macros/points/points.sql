{#- The calendar month of a moment in the business time zone, as its first day. -#}
{% macro business_month(moment) -%}
    date_trunc('month', ({{ moment }}) at time zone {{ business_zone() }})::date
{%- endmacro %}

{#- The first day of the month after that. -#}
{% macro next_month(moment) -%}
    ({{ business_month(moment) }} + interval '1 month')::date
{%- endmacro %}

{#- The moment at which points end with the beginning of a business month. The ledger writes it without a
    zone; an hour that its zone's clock shows twice is read as the ledger reads it. -#}
{% macro points_end(month) -%}
    (
        {{ start_of_day(month) }} at time zone {{ source_zone() }} at time zone {{ source_zone() }}
    )
{%- endmacro %}

{#- The zone in which the application writes moments without one. -#}
{% macro source_zone() -%}
    (select run_context.source_time_zone from {{ source('standing', 'run_context') }} as run_context)
{%- endmacro %}

{#- The moment at which points began to be earned: the first terms' own. A query of its own, so that
    PostgreSQL evaluates it once. -#}
{% macro points_began_at() -%}
    (select min(point_terms.valid_from) from {{ ref('int_point_terms') }} as point_terms)
{%- endmacro %}

{#- The id of the row by which a run posts points of a key, as standing/publish/postings/deltas.sql.j2 makes it. -#}
{% macro posting_id(user_id, source, source_id, revision) -%}
    md5(concat_ws('/', {{ user_id }}, {{ source }}, {{ source_id }}, {{ revision }}))::uuid
{%- endmacro %}

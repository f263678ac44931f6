{#- The run's moment: the only clock a model may read. One row, so PostgreSQL evaluates it once a query. -#}
{% macro as_of() -%}
    (select run_context.as_of from {{ source('standing', 'run_context') }} as run_context)
{%- endmacro %}

{#- An event's time if it has happened at as_of, else null. -#}
{% macro known(column) -%}
    case when {{ column }} <= {{ as_of() }} then {{ column }} end
{%- endmacro %}

{#- An event's time if it still lies in the future at as_of, else null: then the score may change by itself.
    -#}
{% macro upcoming(column) -%}
    case when {{ column }} > {{ as_of() }} then {{ column }} end
{%- endmacro %}

{#- A moment as documents write it: UTC, to the second, with Z. -#}
{% macro utc_text(moment) -%}
    to_char({{ moment }} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
{%- endmacro %}

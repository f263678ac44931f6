{#- The zone of calendar notions: promised days, active days, working days. -#}
{% macro business_zone() -%}
    (select run_context.business_time_zone from {{ source('standing', 'run_context') }} as run_context)
{%- endmacro %}

{#- The calendar day of a moment in the business time zone. -#}
{% macro business_day(moment) -%}
    ({{ moment }} at time zone {{ business_zone() }})::date
{%- endmacro %}

{#- The calendar day of a moment if it may lie among the days in which activity is counted. -#}
{% macro counted_day(moment) -%}
    case when {{ moment }} > {{ days_ago(policy('active_days') ~ ' + 2') }} then {{ business_day(moment) }} end
{%- endmacro %}

{#- The moment at which a calendar day begins in the business time zone. -#}
{% macro start_of_day(day) -%}
    (({{ day }})::timestamp at time zone {{ business_zone() }})
{%- endmacro %}

{#- Whether a moment lies in this quarter, of retention_window_days. -#}
{% macro is_late(moment) -%}
    {{ moment }} > {{ days_ago(policy('retention_window_days')) }}
{%- endmacro %}

{#- Whether a moment lies in the quarter before this one, the base of customer retention. -#}
{% macro is_earlier(moment) -%}
    {{ moment }} > {{ days_ago('2 * ' ~ policy('retention_window_days')) }}
    and {{ moment }} <= {{ days_ago(policy('retention_window_days')) }}
{%- endmacro %}

{#- The zone of calendar notions: promised days, active days, working days. -#}
{% macro business_zone() -%}
    (select run_context.business_time_zone from {{ source('standing', 'run_context') }} as run_context)
{%- endmacro %}

{#- The calendar day of a moment in the business time zone. -#}
{% macro business_day(moment) -%}
    ({{ moment }} at time zone {{ business_zone() }})::date
{%- endmacro %}

{#- The calendar day of a moment if it lies among the days in which activity is counted. -#}
{% macro counted_day(moment) -%}
    case when {{ moment }} >= {{ window_start(policy('active_days')) }} then {{ business_day(moment) }} end
{%- endmacro %}

{#- The moment at which a calendar day begins in the business time zone: a second after the last one of the
    day before, because clocks that are changed at midnight show that midnight twice, or never. -#}
{% macro start_of_day(day) -%}
    (
        (({{ day }})::timestamp - interval '1 second') at time zone {{ business_zone() }}
        + interval '1 second'
    )
{%- endmacro %}

{#- The first of the last `days` business days, of which as_of's own is the last. A query of its own, so
    that PostgreSQL evaluates it once. -#}
{% macro first_day(days) -%}
    (select {{ business_day(as_of()) }} - ({{ days }})::integer + 1)
{%- endmacro %}

{#- The midnight with which the last `days` business days begin. A window begins there, that moment with it,
    and ends at as_of. -#}
{% macro window_start(days) -%}
    (select {{ start_of_day(first_day(days)) }})
{%- endmacro %}

{#- The midnight at which an event leaves the window of so many days. -#}
{% macro leaves(moment, days) -%}
    {{ start_of_day(business_day(moment) ~ ' + (' ~ days ~ ')::integer') }}
{%- endmacro %}

{#- Whether a moment lies in this quarter, of retention_window_days. -#}
{% macro is_late(moment) -%}
    {{ moment }} >= {{ window_start(policy('retention_window_days')) }}
{%- endmacro %}

{#- Whether a moment lies in the quarter before this one, the base of customer retention. -#}
{% macro is_earlier(moment) -%}
    {{ moment }} >= {{ window_start('2 * ' ~ policy('retention_window_days')) }}
    and {{ moment }} < {{ window_start(policy('retention_window_days')) }}
{%- endmacro %}

{#- The beginning of the policy's earliest year. -#}
{% macro earliest_moment() -%}
    make_timestamptz({{ policy('earliest_year') }}::integer, 1, 1, 0, 0, 0, 'UTC')
{%- endmacro %}

{#- A moment that no application can mean: before the policy's earliest year, or without end. -#}
{% macro impossible_moment(columns) -%}
    least({{ columns | join(', ') }}) < {{ earliest_moment() }}
    or greatest({{ columns | join(', ') }}) = 'infinity'
{%- endmacro %}

{#- The wall clock of the run, and as long after it as rows may arrive while the run reads: what is dated
    later is dated wrongly, whatever moment the run looks at. -#}
{% macro latest_moment() -%}
    (
        select
            run_context.wall_clock
            + make_interval(mins => {{ policy('future_tolerance_minutes') }}::integer)
        from {{ source('standing', 'run_context') }} as run_context
    )
{%- endmacro %}

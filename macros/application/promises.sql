{#- What constraints of the application's tables promise, so that no query has to look: unique columns as
    "orders.id", references as "orders.buyer_id", a message's thread, which is never null, as
    "messages.thread_id". -#}
{% macro application_promises() %}
    {%- set promises = [] -%}
    {%- if execute -%}
        {%- set schema = source('application', 'orders').schema -%}
        {%- set query -%}
            select tables.relname || '.' || columns.attname as path
            from pg_catalog.pg_constraint as constraints
            inner join pg_catalog.pg_class as tables on tables.oid = constraints.conrelid
            inner join pg_catalog.pg_namespace as namespaces on namespaces.oid = tables.relnamespace
            inner join pg_catalog.pg_attribute as columns
                on columns.attrelid = tables.oid and columns.attnum = constraints.conkey[1]
            where namespaces.nspname = '{{ schema | replace("'", "''") }}'
              and constraints.convalidated
              and array_length(constraints.conkey, 1) = 1
              and (
                  constraints.contype = 'f'
                  or constraints.contype in ('p', 'u') and not constraints.condeferrable
                  and columns.attname = 'id'
              )
            union all
            select tables.relname || '.' || columns.attname
            from pg_catalog.pg_class as tables
            inner join pg_catalog.pg_namespace as namespaces on namespaces.oid = tables.relnamespace
            inner join pg_catalog.pg_attribute as columns on columns.attrelid = tables.oid
            where namespaces.nspname = '{{ schema | replace("'", "''") }}'
              and columns.attname = 'thread_id'
              and columns.attnotnull
        {%- endset -%}
        {%- for row in run_query(query) -%}
            {%- do promises.append(row[0]) -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(promises) -}}
{% endmacro %}

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

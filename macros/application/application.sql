{#- The columns that an application's table really has, name → type; empty where it has no such table. -#}
{% macro application_columns(table) %}
    {%- set found = {} -%}
    {%- if execute -%}
        {%- set declared = source('application', table) -%}
        {%- set relation = adapter.get_relation(declared.database, declared.schema, declared.identifier) -%}
        {%- for column in (adapter.get_columns_in_relation(relation) if relation else []) -%}
            {%- do found.update({column.name: column.dtype}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(found) -}}
{% endmacro %}

{#- One column, cast; a typed null where the application lacks it. A time without zone is read in
    SOURCE_TIME_ZONE. -#}
{% macro application_column(columns, name, type) -%}
    {%- if name not in columns -%}
        null::{{ type }}
    {%- elif type == 'timestamptz' and columns[name] == 'timestamp without time zone' -%}
        {{ adapter.quote(name) }} at time zone (
            select run_context.source_time_zone from {{ source('standing', 'run_context') }} as run_context
        )
    {%- else -%}
        {{ adapter.quote(name) }}::{{ type }}
    {%- endif -%}
{%- endmacro %}

{#- The from clause: the application's table, or no row where there is none. -#}
{% macro application_rows(table, columns) -%}
    {%- if columns or not execute -%}
        from {{ source('application', table) }}
    {%- else -%}
        where false
    {%- endif -%}
{%- endmacro %}

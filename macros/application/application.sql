{#- The columns that an application's table really has, name → type; empty where it has no such table. -#}
{% macro application_columns(table) %}
    {%- set columns = {} -%}
    {%- if execute -%}
        {%- set declared = source('application', table) -%}
        {%- set relation = adapter.get_relation(declared.database, declared.schema, declared.identifier) -%}
        {%- for column in (adapter.get_columns_in_relation(relation) if relation else []) -%}
            {%- do columns.update({column.name: column.dtype}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(columns) -}}
{% endmacro %}

{#- One column, cast; a typed null where the application lacks it. A time without zone is read in
    SOURCE_TIME_ZONE. A `code` is a text in lower case. -#}
{% macro application_column(columns, name, type) -%}
    {%- if type == 'code' -%}
        lower({{ application_column(columns, name, 'text') }})
    {%- elif name not in columns -%}
        null::{{ type }}
    {%- elif type == 'timestamptz' and columns[name] == 'timestamp without time zone' -%}
        {{ adapter.quote(name) }} at time zone (
            select run_context.source_time_zone from {{ source('standing', 'run_context') }} as run_context
        )
    {%- else -%}
        {{ adapter.quote(name) }}::{{ type }}
    {%- endif -%}
{%- endmacro %}

{#- All rows of an application's table, or no row where it has no such table. A column is its name and type,
    and the name that it has here if it is another: 'id uuid as order_id'. The fingerprint reads these
    lists, too. -#}
{% macro application_rows(table, columns) -%}
    {%- set existing = application_columns(table) -%}
    select
    {%- for column in columns %}
        {%- set words = column.split() %}
        {{ application_column(existing, words[0], words[1]) }} as {{ words[3] or words[0] }}
        {{- ',' if not loop.last }}
    {%- endfor %}
    {{ application_from(table, existing) }}
{%- endmacro %}

{#- The from clause: the application's table, or no row where there is none. -#}
{% macro application_from(table, existing) -%}
    {%- if existing or not execute -%}
        from {{ source('application', table) }}
    {%- else -%}
        where false
    {%- endif -%}
{%- endmacro %}

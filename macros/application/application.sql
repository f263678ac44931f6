{#- The columns that an application's table really has: name → type, and what a constraint promises of it.
    Empty where it has no such table. The run has read them from the catalogue. -#}
{% macro application_columns(table) %}
    {%- set found = {} -%}
    {%- if execute -%}
        {%- set handed_over = load_relation(
            api.Relation.create(target.database, target.schema, 'application_columns')
        ) -%}
        {%- if not handed_over -%}
            {%- do exceptions.raise_compiler_error(
                "the application's columns are not known in schema " ~ target.schema ~ "; fix: standing run"
            ) -%}
        {%- endif -%}
        {%- set query -%}
            select name, type, is_unique, refers, is_filled, is_empty from {{ handed_over }}
            where relation = '{{ table }}'
            union all
            select null, null, null, null, null, null where not exists (select from {{ handed_over }})
        {%- endset -%}
        {%- for row in run_query(query) -%}
            {%- if row['name'] is none -%}
                {%- do exceptions.raise_compiler_error(
                    "a crash has emptied " ~ handed_over ~ "; fix: standing run"
                ) -%}
            {%- endif -%}
            {%- do found.update({row['name']: row.dict()}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(found) -}}
{% endmacro %}

{#- Whether a constraint keeps rows from a fault, so that no query has to look: the column is_unique, the row
    that it names exists (`refers`), or it is never null (is_filled). -#}
{% macro is_promised(path, promise) %}
    {%- set table, column = path.split('.') -%}
    {{- return(application_columns(table).get(column, {}).get(promise, false)) -}}
{% endmacro %}

{#- Whether the application has a column and some row has a value in it; else a rule that asks for it is off.
    -#}
{% macro is_used(path) %}
    {%- set table, column = path.split('.') -%}
    {{- return(not application_columns(table).get(column, {'is_empty': true}).is_empty) -}}
{% endmacro %}

{#- One column as the type that models work with; a typed null where the application lacks it. Each type that
    fits is read by one rule; the run has refused all others. A `code` is a text in lower case, an `identity`
    is compared and means nothing else, and a `deadline` that is a day ends with it. -#}
{% macro application_column(columns, name, type) -%}
    {%- set found = columns[name].type if name in columns else none -%}
    {%- set column = adapter.quote(name) -%}
    {%- if type == 'code' -%}
        lower({{ application_column(columns, name, 'text') }})
    {%- elif not found -%}
        null::{{ {'identity': 'uuid', 'deadline': 'timestamptz'}.get(type, type) }}
    {%- elif type == 'identity' -%}
        {{ application_identity(column, found) }}
    {%- elif type == 'uuid' and found != 'uuid' -%}
        {{ application_reference(column) }}
    {%- elif type == 'deadline' and found == 'date' -%}
        {{ application_end_of_day(column) }}
    {%- elif type in ('timestamptz', 'deadline') and found == 'timestamp without time zone' -%}
        {{ column }} at time zone (
            select run_context.source_time_zone from {{ source('standing', 'run_context') }} as run_context
        )
    {%- elif type == 'boolean' and found != 'boolean' -%}
        {{ column }} <> 0
    {%- elif type == 'text' -%}
        {{ column }}::text collate "default"
    {%- else -%}
        {{ column }}::{{ 'timestamptz' if type == 'deadline' else type }}
    {%- endif -%}
{%- endmacro %}

{#- A key that is written as text; null where the text is no UUID. standing/incremental/capture_sql.py logs
    such a key by the same rule. -#}
{% macro application_reference(column) -%}
    case
        when {{ column }}::text collate "C" ~ {{ "'^([{]H(-?H){7}[}]|H(-?H){7})$'" | replace('H', '[0-9a-fA-F]{4}') }}
            then {{ column }}::text::uuid
    end
{%- endmacro %}

{#- A key that is only compared, as a UUID of its own: numbers in their order, texts by their hash.
    standing/incremental/capture_sql.py logs such a key by the same rule. -#}
{% macro application_identity(column, type) -%}
    {%- if type == 'uuid' -%}
        {{ column }}
    {%- elif type in ('smallint', 'integer', 'bigint') -%}
        lpad(to_hex({{ column }}::bigint), 32, '0')::uuid
    {%- else -%}
        left(encode(sha256(convert_to({{ column }}::text, 'UTF8')), 'hex'), 32)::uuid
    {%- endif -%}
{%- endmacro %}

{#- The last moment of a calendar day of the business. Days beyond what a moment can be stand at its end. -#}
{% macro application_end_of_day(column) -%}
    (
        case
            when isfinite({{ column }})
                then greatest(least({{ column }}, '200000-01-01'::date), '0001-01-01'::date)
            else {{ column }}
        end + 1
    )::timestamp at time zone (
        select run_context.business_time_zone from {{ source('standing', 'run_context') }} as run_context
    ) - interval '1 microsecond'
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

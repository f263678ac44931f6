{#- Every row of an application's table with the reason why it is set aside, if it is. `reasons` and
    `left_out` are the branches of a case over `source`, the first that holds counts; what is left out
    counts nowhere, the rest of its row does. `parents` are columns → tables whose rows they name:
    when_orphaned() looks at them. `key` is a column of ours by which rows are filtered, `row_key` what a
    row is called in reports. `unique` says that when_repeated() looks at the key. `more`
    are constants that every row has, such as whether the application fills a column. -#}
{% macro trusted_rows(table, columns, reasons, key, row_key, left_out=none, parents={}, unique=false, more={}) -%}
{%- set source_rows = application_rows(table, columns) -%}
select
    *,
    {{ row_key }} as row_key,
    -- Filter by this one: the planner takes "case … is null" for rare, and loops over millions of rows.
    case when quarantine_reason is null then {{ key }} end as trusted_{{ key }}
    {%- for name, value in more.items() %},
    {{ value }} as {{ name }}
    {%- endfor %}
from (
    select
        source.*,
        case {{ reasons }} end as quarantine_reason,
        {{ 'case ' ~ left_out ~ ' end' if left_out else 'null' }} as left_out
    from ({{ source_rows }}) as source
    {{ join_repeated(table, source_rows, key) if unique }}
    {%- for column, parent in parents.items() %}
    {{ join_parent(table ~ '.' ~ column, parent) }}
    {%- endfor %}
) as examined
{%- endmacro %}

{#- A reason for rows of `source` whose key is there twice; nothing where a constraint forbids it. -#}
{% macro when_repeated(table, key) -%}
    {%- if not is_promised(table ~ '.id', 'is_unique') -%}
        when repeated.{{ key }} is not null then 'duplicate key'
    {%- endif -%}
{%- endmacro %}

{#- What when_repeated() looks at. -#}
{% macro join_repeated(table, source_rows, key) -%}
    {%- if not is_promised(table ~ '.id', 'is_unique') -%}
        left join (
            select {{ key }} from ({{ source_rows }}) as source group by {{ key }} having count(*) > 1
        ) as repeated on source.{{ key }} = repeated.{{ key }}
    {%- endif -%}
{%- endmacro %}

{#- A reason for rows of `source` without their parent; nothing where a constraint forbids them. -#}
{% macro when_orphaned(path, reason) -%}
    {%- if not is_promised(path, 'refers') -%}
        when source.{{ path.split('.')[1] }} is not null and {{ path.split('.')[1] }}_parents.id is null
            then '{{ reason }}'
    {%- endif -%}
{%- endmacro %}

{#- What when_orphaned() looks at. Of keys that may be there twice one is taken: no row becomes two. -#}
{% macro join_parent(path, parent) -%}
    {%- set column = path.split('.')[1] -%}
    {%- if not is_promised(path, 'refers') -%}
        {%- if is_promised(parent ~ '.id', 'is_unique') -%}
            left join {{ source('application', parent) }} as {{ column }}_parents
        {%- else -%}
            left join (select distinct id from {{ source('application', parent) }}) as {{ column }}_parents
        {%- endif %}
            on source.{{ column }} = {{ column }}_parents.id
    {%- endif -%}
{%- endmacro %}

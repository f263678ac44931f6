{#- A table of rows that are derived one by one, or of what is counted of them, kept from run to run. Where
    everything is derived it is made anew; else only the rows whose key is listed as `stale` are replaced,
    and none where it has no such list. Rows that are read together are stored together (`stored_by`);
    `partial_indexes` are columns → condition; `along` are lists of what is made of the rows → their columns
    → what names it in a row. The list is emptied, and until when the rows are derived noted, in the same
    transaction: whatever ends a run, a row is either listed or derived
    (standing/incremental/materialized.py). -#}
{% materialization kept, adapter='postgres' -%}
    {%- set key = config.require('key') | join(', ') -%}
    {%- set stale = source('standing', config.get('stale')) if config.get('stale') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {%- if existing is not none and everything_is_derived() -%}
        {%- call statement('forget') -%}
            drop {{ existing.type }} if exists {{ existing }} cascade
        {%- endcall -%}
        {{ adapter.commit() }}
        {%- set existing = none -%}
    {%- endif %}

    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if existing is none -%}
        {%- call statement('main') -%}
            {{ get_create_table_as_sql(False, target, stored_by(sql)) }}
        {%- endcall -%}
        {%- do create_indexes(target) -%}
        {%- call statement('looked_up') -%}
            create {{ 'unique ' if config.get('unique') }}index on {{ target }} ({{ key }});
            {%- for columns, condition in config.get('partial_indexes', {}).items() %}
            create index on {{ target }} ({{ columns }}) where {{ condition }};
            {%- endfor %}
            analyze {{ target }}
        {%- endcall -%}
    {%- else -%}
        {%- set noted = source('standing', 'derived') ~ " where model = '" ~ this.name ~ "'" -%}
        {%- if not run_query('select model from ' ~ noted).rows -%}
            {%- do exceptions.raise_compiler_error(
                'its rows were lost when the server crashed after the run had begun; run again'
            ) -%}
        {%- endif -%}
        {%- call statement('main') -%}
            {#- What has no list stays as it is; dbt wants a statement. -#}
            {{ replace_stale(target, key, stale, config.get('along', {}), sql) if stale else 'select' }}
        {%- endcall -%}
    {%- endif -%}
    {%- call statement('noted') -%}
        {%- if stale -%}
            {#- An empty list is left alone: making its file anew costs more than looking. -#}
            do $standing$ begin
                if exists (select from {{ stale }}) then truncate {{ stale }}; end if;
            end $standing$;
        {%- endif %}
        {%- if everything_is_derived() %}
        insert into {{ source('standing', 'derived') }} (model, derived_by, as_of)
        select '{{ this.name }}', run_context.derived_by, run_context.as_of
        from {{ source('standing', 'run_context') }} as run_context
        on conflict (model) do update set derived_by = excluded.derived_by, as_of = excluded.as_of
        {%- else %}
        update {{ source('standing', 'derived') }} as derived set as_of = run_context.as_of
        from {{ source('standing', 'run_context') }} as run_context
        where derived.model = '{{ this.name }}'
        {%- endif %}
    {%- endcall -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target]}) }}
{%- endmaterialization %}

{#- The rows in the order in which they are to be stored. -#}
{% macro stored_by(sql) -%}
    {%- if config.get('stored_by') -%}
        select * from ({{ sql }}) as made order by {{ config.get('stored_by') | join(', ') }}
    {%- else -%}
        {{ sql }}
    {%- endif -%}
{%- endmacro %}

{#- The stale rows go and come as they are derived now; what is made of either side is stale, too. -#}
{% macro replace_stale(target, key, stale, along, sql) -%}
    {%- set is_stale = '(' ~ key ~ ') in (select ' ~ key ~ ' from ' ~ stale ~ ')' -%}
    {{ list_along(target, is_stale, along) }}
    delete from {{ target }} where {{ is_stale }};
    insert into {{ target }}
    {{ sql }};
    {{ list_along(target, is_stale, along) }}
{%- endmacro %}

{% macro list_along(target, is_stale, along) -%}
    {%- for list, columns in along.items() -%}
        insert into {{ source('standing', list) }} ({{ columns | join(', ') }})
        select distinct listed.*
        from (
            select {{ columns.values() | join(', ') }} from {{ target }} where {{ is_stale }}
        ) as listed ({{ columns | join(', ') }})
        where num_nulls({{ columns | join(', ') }}) = 0
        on conflict do nothing;
        analyze {{ source('standing', list) }};
    {%- endfor -%}
{%- endmacro %}

{#- A table whose rows stay from run to run: rows that are derived one by one, or aggregates of them.
    Where everything is derived, the table is built again; otherwise only the rows whose key is in the list
    `stale` are replaced. A model without such a list then stays as it is.

    `stored_by`: the order in which rows are stored, so that rows read together lie together.
    `partial_indexes`: columns → condition.
    `along`: the aggregates' lists of stale keys → their columns → what names the key in a row here.

    One transaction replaces the rows, empties the list and notes as of when the rows are derived. So a row
    is either listed or derived, however a run ends (standing/incremental/materialized.py). -#}
{% materialization incremental_by_key, adapter='postgres' -%}
    {%- set key = config.require('key') | join(', ') -%}
    {%- set stale = source('standing', config.get('stale')) if config.get('stale') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- do announce_by_hand() -%}
    {%- if existing is none -%}
        {%- do require_everybody(everything_is_derived(), model.unique_id) -%}
    {%- endif -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {%- if existing is not none and everything_is_derived() -%}
        {%- do drop_existing(existing) -%}
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
            {#- A model without a list stays as it is; dbt needs a statement. -#}
            {{ replace_stale(target, key, stale, config.get('along', {}), sql) if stale else 'select' }}
        {%- endcall -%}
    {%- endif -%}
    {%- call statement('noted') -%}
        {%- if stale -%}
            {#- An empty list is left alone: a truncate costs more than a look. -#}
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

{#- The model's query, sorted by what its config calls `stored_by`. -#}
{% macro stored_by(sql) -%}
    {%- if config.get('stored_by') -%}
        select * from ({{ sql }}) as derived order by {{ config.get('stored_by') | join(', ') }}
    {%- else -%}
        {{ sql }}
    {%- endif -%}
{%- endmacro %}

{#- Replace the stale rows. Aggregates of the old rows and of the new ones are stale after that. -#}
{% macro replace_stale(target, key, stale, along, sql) -%}
    {%- set is_stale = '(' ~ key ~ ') in (select ' ~ key ~ ' from ' ~ stale ~ ')' -%}
    {{ list_along(target, is_stale, along) }}
    delete from {{ target }} where {{ is_stale }};
    insert into {{ target }}
    {{ sql }};
    {{ list_along(target, is_stale, along) }}
{%- endmacro %}

{#- List the keys of the aggregates to which the stale rows belong. -#}
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

{#- A table or view that belongs to one run: the next run drops it and builds its own. The config `kind` is
    `table`, `view`, or `of_the_due`: a table of the rows of the due, and a view where everybody is due.

    dbt's own `table` keeps the old relation until the new one is complete, and renames both. Nobody reads
    these between runs, and the renames cost dbt more time than PostgreSQL needs for the rows. The drop is a
    transaction of its own, so that no lock is held while the new table is filled. -#}
{% materialization transient, adapter='postgres' -%}
    {%- set kind = config.get('kind', 'table') -%}
    {%- if kind == 'of_the_due' -%}
        {%- set kind = 'view' if everybody_is_due() else 'table' -%}
    {%- endif -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type=kind) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {%- if existing is not none %}
        {%- call statement('forget') -%}
            drop {{ existing.type }} if exists {{ existing }} cascade
        {%- endcall -%}
        {{ adapter.commit() }}
    {%- endif %}

    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- call statement('main') -%}
        {{
            get_create_view_as_sql(target, sql) if kind == 'view'
            else get_create_table_as_sql(False, target, sql)
        }}
    {%- endcall -%}
    {%- do create_indexes(target) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target]}) }}
{%- endmaterialization %}

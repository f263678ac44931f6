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
    {%- do announce_by_hand() -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {%- if existing is not none %}
        {%- do drop_existing(existing) -%}
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

{#- Drop what an earlier run made, in a transaction of its own, and begin the next one. dbt-postgres leaves
    the begin to psycopg2, which does not see dbt's own commit: without it each statement that follows would
    be committed by itself, and a run that is killed could leave a table without its mark and indexes. -#}
{% macro drop_existing(existing) -%}
    {%- call statement('forget') -%}
        drop {{ existing.type }} if exists {{ existing }} cascade
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {%- call statement('begin', auto_begin=False) -%}
        begin
    {%- endcall -%}
{%- endmacro %}

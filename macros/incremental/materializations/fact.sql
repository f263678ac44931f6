{#- A table or view of one run; with the kind of_the_due a table of their rows, and a view where they are
    all rows. dbt's own would keep the old one until the new one is complete, by renaming both; nobody reads
    facts between runs, and each renaming costs dbt more than these members' rows cost PostgreSQL. The old
    one goes in a transaction of its own, so that no lock is held while the new one is filled. -#}
{% materialization fact, adapter='postgres' -%}
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

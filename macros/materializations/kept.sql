{#- A table of rows that are judged one by one and kept from run to run. Where everything is judged it is made anew, else
    only the rows whose key is listed as stale are replaced; `moment` is the column that says when a row will be. The list
    is emptied, and until when the rows are judged noted, in the same transaction: whatever ends a run, a row is either
    listed or judged (standing/judged.py). -#}
{% materialization kept, adapter='postgres' -%}
    {%- set key = config.require('key') -%}
    {%- set moment = config.get('moment') -%}
    {%- set stale = source('standing', config.require('stale')) -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {%- if existing is not none and everything_is_judged() -%}
        {%- call statement('forget') -%}
            drop {{ existing.type }} if exists {{ existing }} cascade
        {%- endcall -%}
        {{ adapter.commit() }}
        {%- set existing = none -%}
    {%- endif %}

    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if existing is none -%}
        {%- call statement('main') -%}
            {{ get_create_table_as_sql(False, target, sql) }}
        {%- endcall -%}
        {%- do create_indexes(target) -%}
        {%- call statement('looked_up') -%}
            create {{ 'unique ' if config.get('unique') }}index on {{ target }} ({{ key | join(', ') }});
            {%- if moment %}
            create index on {{ target }} ({{ moment }}) where {{ moment }} is not null;
            {%- endif %}
            analyze {{ target }}
        {%- endcall -%}
    {%- else -%}
        {%- set noted = source('standing', 'judged') ~ " where model = '" ~ this.name ~ "'" -%}
        {%- if not run_query('select model from ' ~ noted).rows -%}
            {%- do exceptions.raise_compiler_error('its rows were lost when the server crashed after the run had begun; run again') -%}
        {%- endif -%}
        {%- call statement('replaced') -%}
            delete from {{ target }} as kept using {{ stale }} as stale
            where ({% for column in key %}kept.{{ column }}{{ ', ' if not loop.last }}{% endfor %})
                = ({% for column in key %}stale.{{ column }}{{ ', ' if not loop.last }}{% endfor %})
        {%- endcall -%}
        {%- call statement('main') -%}
            insert into {{ target }}
            {{ sql }}
        {%- endcall -%}
    {%- endif -%}
    {%- call statement('noted') -%}
        truncate {{ stale }};
        {%- if everything_is_judged() %}
        insert into {{ source('standing', 'judged') }} (model, judged_by, as_of)
        select '{{ this.name }}', run_context.judged_by, run_context.as_of
        from {{ source('standing', 'run_context') }} as run_context
        on conflict (model) do update set judged_by = excluded.judged_by, as_of = excluded.as_of
        {%- else %}
        update {{ source('standing', 'judged') }} as judged set as_of = run_context.as_of
        from {{ source('standing', 'run_context') }} as run_context
        where judged.model = '{{ this.name }}'
        {%- endif %}
    {%- endcall -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target]}) }}
{%- endmaterialization %}

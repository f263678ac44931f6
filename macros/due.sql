{#- Whether this run builds everybody; then nothing has to be looked up by key. True where no run has said so yet. -#}
{% macro everybody_is_due() %}
    {%- set declared = source('standing', 'run_context') -%}
    {%- if not execute or adapter.get_relation(declared.database, declared.schema, declared.identifier) is none -%}
        {{- return(true) -}}
    {%- endif -%}
    {%- set answer = run_query('select coalesce(bool_and(everybody), true) from ' ~ declared) -%}
    {{- return(answer.rows[0][0]) -}}
{% endmacro %}

{#- A join that keeps what `due` names by `key`; none where everybody is due, for then it would keep all. -#}
{% macro only_due(relation, key, due) -%}
    {%- if not everybody_is_due() -%}
        inner join {{ due }} as due on {{ relation }}.{{ key }} = due.{{ key }}
    {%- endif -%}
{%- endmacro %}

{#- Before a mart takes the due members' new rows: their old ones go, also of those who are gone themselves. -#}
{% macro forget_due(key, due) -%}
    {%- if is_incremental() -%}
        delete from {{ this }} as built using {{ due }} as due where built.{{ key }} = due.{{ key }}
    {%- endif -%}
{%- endmacro %}

{#- Statistics of the tables that say what is looked up; without them the planner reads everything. -#}
{% macro analyze_keys() -%}
    {%- if model.name.startswith('int_due_') or model.name in ('int_orders', 'int_reviews') -%}
        analyze {{ this }}
    {%- endif -%}
{%- endmacro %}

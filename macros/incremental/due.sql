{#- Whether this run builds everybody; then nothing has to be looked up by key. True where no run has said
    so yet. -#}
{% macro everybody_is_due() %}
    {{- return(run_says('everybody')) -}}
{% endmacro %}

{#- Whether this run derives every order, review and thread again; else only those that are listed as
    stale. -#}
{% macro everything_is_derived() %}
    {{- return(run_says('everything')) -}}
{% endmacro %}

{#- A yes or no of the run's context; yes where no run has said so yet. It is asked for dozens of times and
    is one row that stays as it is while dbt works: what is read once is kept in dbt's `graph`, which all
    nodes of one command share. -#}
{% macro run_says(column) %}
    {%- set declared = source('standing', 'run_context') -%}
    {%- if not execute -%}
        {{- return(true) -}}
    {%- endif -%}
    {%- if column not in graph.get('run_says', {}) -%}
        {%- if adapter.get_relation(declared.database, declared.schema, declared.identifier) is none -%}
            {{- return(true) -}}
        {%- endif -%}
        {%- set answer = run_query('select coalesce(bool_and(' ~ column ~ '), true) from ' ~ declared) -%}
        {%- do graph.setdefault('run_says', {}).update({column: answer.rows[0][0]}) -%}
    {%- endif -%}
    {{- return(graph['run_says'][column]) -}}
{% endmacro %}

{#- A join that keeps what `stale` lists by `key`, one column or several; none where everything is derived,
    for then it would keep all. -#}
{% macro only_stale(relation, key, stale, stale_key=none) -%}
    {%- if not everything_is_derived() -%}
        inner join {{ stale }} as stale
            on {% for column in ([key] if key is string else key) -%}
                {{ relation }}.{{ column }} = stale.{{ stale_key or column }}{{ ' and ' if not loop.last }}
            {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{#- A join that keeps what `due` names by `key`; none where everybody is due, for then it would keep all.
    -#}
{% macro only_due(relation, key, due, due_key=none) -%}
    {%- if not everybody_is_due() -%}
        inner join {{ due }} as due on {{ relation }}.{{ key }} = due.{{ due_key or key }}
    {%- endif -%}
{%- endmacro %}

{#- Before a mart or facts of everybody take the due members' new rows: the old ones go, also of members who
    are gone. -#}
{% macro forget_due(key, due) -%}
    {%- if not is_incremental() -%}
        {%- do require_everybody(everybody_is_due(), model.unique_id) -%}
    {%- elif is_by_hand() -%}
        {#- Who was due for the last build need not be due for the last run, which may have built nothing. -#}
        delete from {{ this }} where {{ key }} in (select {{ key }} from ({{ sql }}) as made)
    {%- else -%}
        delete from {{ this }} as built using {{ due }} as due where built.{{ key }} = due.{{ key }}
    {%- endif -%}
{%- endmacro %}

{#- Before a model of the due: its rows are looked up by key among millions, which a server's default takes
    for dearer than reading all of these. -#}
{% macro expect_lookups() -%}
    {%- if not everybody_is_due() and not everything_is_derived() -%}
        set local random_page_cost = 1.1
    {%- endif -%}
{%- endmacro %}

{#- Statistics of the columns by which a table says what is looked up; without them the planner reads
    everything. -#}
{% macro analyze_keys() -%}
    {%- set is_view = model.config.get('kind') == 'of_the_due' and everybody_is_due() -%}
    {%- if model.config.get('looked_up') and not is_view and not is_incremental() -%}
        analyze {{ this }} ({{ model.config.looked_up | join(', ') }})
    {%- endif -%}
{%- endmacro %}

{#- A join that keeps the rows of `source` that may be set aside otherwise now; none where everything is
    derived. -#}
{% macro only_set_aside_anew(source_name, key) -%}
    {%- set stale = source('standing', 'stale_set_aside') -%}
    {%- if not everything_is_derived() -%}
        inner join {{ stale }} as stale
            on {{ source_name }}.{{ key }} = stale.row_id and stale.source = '{{ source_name }}'
    {%- endif -%}
{%- endmacro %}

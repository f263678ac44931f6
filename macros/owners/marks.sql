{#- The comment on everything that Standing makes (standing/database/owners.py): nothing else is
    dropped or overwritten. -#}
{% macro mark() -%}
    made by Standing
{%- endmacro %}

{#- A view carries the mark from the statement on that makes it. -#}
{% macro postgres__create_view_as(relation, sql) -%}
    {{ dbt.default__create_view_as(relation, sql) }}
    comment on view {{ relation }} is '{{ mark() }}';
{%- endmacro %}

{#- A table gets the mark with its indexes, in the transaction that makes it: in the same statement it would
    hide how many rows were made. So do constraints of the whole table, such as the primary key: an index that
    is there before the rows takes twice as long. -#}
{% macro postgres__create_indexes(relation) -%}
    {%- if relation.type == 'table' -%}
        {%- do run_query("comment on table " ~ relation ~ " is '" ~ mark() ~ "'") -%}
        {%- for one in adapter.render_raw_model_constraints(raw_constraints=model.get('constraints', [])) -%}
            {%- do run_query('alter table ' ~ relation ~ ' add ' ~ one) -%}
        {%- endfor -%}
    {%- endif -%}
    {{- dbt.default__create_indexes(relation) -}}
{%- endmacro %}

{#- A contract's columns with what holds for each; constraints of the whole table come after its rows. -#}
{% macro postgres__get_table_columns_and_constraints() -%}
    ({{ adapter.render_raw_columns_constraints(raw_columns=model['columns']) | join(', ') }})
{%- endmacro %}

{#- Seeds as dbt makes them, but unlogged, as everything that a build makes: what a crash of the server
    empties is loaded again, and no publication has its rows. -#}
{% macro postgres__create_csv_table(model, agate_table) -%}
    {%- set types = model['config'].get('column_types', {}) -%}
    {%- set is_quoted = model['config'].get('quote_columns', none) -%}
    {%- set columns -%}
        {%- for column in agate_table.column_names -%}
            {{ adapter.quote_seed_column(column | string, is_quoted) }}
            {{ types.get(column, adapter.convert_type(agate_table, loop.index0)) }}{{ ', ' if not loop.last }}
        {%- endfor -%}
    {%- endset -%}
    {%- set made = 'create unlogged table ' ~ this.render() ~ ' (' ~ columns ~ ')' -%}
    {%- call statement('_') -%} {{ made }} {%- endcall -%}
    {{ return(made) }}
{%- endmacro %}

{#- Before anything is built: what is somebody else's in the build's schema, or leans on what is ours there,
    stops dbt. `standing run` has asked by then; this asks for whoever calls dbt by hand. -#}
{% macro require_ours() -%}
    {%- if execute and flags.WHICH in ('run', 'build', 'seed', 'test', 'snapshot') -%}
        {%- if run_query("select 1 where to_regclass('standing.strangers') is not null").rows | length == 0 -%}
            {%- do exceptions.raise_compiler_error(
                'this database is not upgraded by this version of Standing: standing migrate'
            ) -%}
        {%- endif -%}
        {%- if is_by_hand() and flags.WHICH != 'test' -%}
            {%- do require_a_run_before() -%}
        {%- endif -%}
        {%- set asked -%}
            select stranger || coalesce(' (on ' || leans_on || ')', '')
            from standing.strangers where schema_name = '{{ target.schema | replace("'", "''") }}' order by 1
        {%- endset -%}
        {%- set found = run_query(asked).columns[0].values() -%}
        {%- if found -%}
            {%- do exceptions.raise_compiler_error(
                'schema ' ~ target.schema ~ ' has, or what is made there bears, what is not Standing\'s: '
                ~ found | join(', ') ~ '; move it, or set STANDING_BUILD_SCHEMA to a schema of Standing\'s'
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- Whether somebody calls dbt by hand: the connections of runs and trials are called otherwise
    (standing/build/dbt.py). -#}
{% macro is_by_hand() %}
    {{- return(target.application_name != 'standing build ' ~ target.schema) -}}
{% endmacro %}

{#- Before dbt begins by hand: what it cannot build right is refused. It would have to be told who is due,
    and as of when, by a run. -#}
{% macro require_a_run_before() %}
    {%- if invocation_args_dict.get('defer') -%}
        {%- do exceptions.raise_compiler_error(
            'with --defer, models would read facts of another schema, which hold only who was due there;'
            ~ ' standing diff builds what an edit changes, for everybody, in a schema of its own'
        ) -%}
    {%- endif -%}
    {%- if flags.EMPTY -%}
        {%- do exceptions.raise_compiler_error(
            'with --empty, what runs have built would be emptied; standing diff tries an edit elsewhere'
        ) -%}
    {%- endif -%}
    {%- set noted = source('standing', 'by_hand') -%}
    {%- if adapter.get_relation(noted.database, noted.schema, noted.identifier) is none -%}
        {%- do exceptions.raise_compiler_error(
            'no run has built in schema ' ~ target.schema ~ ', so nothing there says who is due, and when;'
            ~ ' standing run builds in the schema of runs, standing diff tries an edit in one of its own'
        ) -%}
    {%- endif -%}
    {%- do note_by_hand(none) -%}
    {%- for id in selected_resources if flags.FULL_REFRESH and id.startswith('model.') -%}
        {%- if graph.nodes[id].config.materialized == 'incremental' -%}
            {%- do require_everybody(everybody_is_due(), id) -%}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}

{#- Before each model and seed that is made by hand, in its transaction: while it is made no run begins, and
    the next one makes it anew, for what the files said now they need not say then. Stops dbt beside a run.
    -#}
{% macro announce_by_hand() %}
    {%- if execute and is_by_hand() -%}
        {%- if flags.WHICH == 'clone' -%}
            {%- do exceptions.raise_compiler_error(
                'dbt clone would make views on tables that the next run drops;'
                ~ ' standing diff builds what an edit changes in a schema of its own'
            ) -%}
        {%- endif -%}
        {%- do note_by_hand(model.name) -%}
    {%- endif -%}
{% endmacro %}

{#- The lock is that of standing/database/lock.py: runs hold it alone, whoever builds by hand shares it. -#}
{% macro note_by_hand(name) %}
    {%- set key = "('x' || encode('standing', 'hex'))::bit(64)::bigint" -%}
    {%- set context = source('standing', 'run_context') -%}
    {%- set answer = run_query(
        'select pg_try_advisory_xact_lock_shared(' ~ key ~ '), (select max(run_id) from ' ~ context ~ ')'
    ).rows[0] -%}
    {%- if not answer[0] -%}
        {%- do exceptions.raise_compiler_error('a run is at work; wait for it: standing status') -%}
    {%- endif -%}
    {#- What the context says is read once a command (run_says). -#}
    {%- if graph.setdefault('run_before', answer[1]) != answer[1] -%}
        {%- do exceptions.raise_compiler_error('a run has built since dbt began: begin again') -%}
    {%- endif -%}
    {%- if name is not none -%}
        {%- do run_query(
            'insert into ' ~ source('standing', 'by_hand') ~ " (model) values ('" ~ name ~ "')"
            ~ ' on conflict do nothing'
        ) -%}
    {%- endif -%}
{% endmacro %}

{#- Where a table of everybody is missing, or is to be made anew, the due alone are too few: the last run
    has to have built everybody, and what the table is made of is made by each run for its own members. Runs
    see to it, and the past of one member is built alone; whoever calls dbt by hand is told. -#}
{% macro require_everybody(is_everybody, id) %}
    {%- if execute and is_by_hand() -%}
        {%- set name = graph.nodes[id].name -%}
        {%- if not is_everybody -%}
            {%- do exceptions.raise_compiler_error(
                'the last run built only who was due, and made anew, ' ~ name ~ ' would have no other rows;'
                ~ ' standing run --full makes all of it anew'
            ) -%}
        {%- endif -%}
        {%- if transient_ancestors(id) | reject('in', selected_resources) | list -%}
            {%- do exceptions.raise_compiler_error(
                name ~ ' is to be made anew from what the last runs made for their own members;'
                ~ ' select +' ~ name ~ ', so that it is made for everybody, too'
            ) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}

{#- The models of one run that a model is made from, up to those whose rows stay. -#}
{% macro transient_ancestors(id) %}
    {%- set found, waiting = [], [id] -%}
    {%- for _ in graph.nodes if waiting -%}
        {%- for parent in graph.nodes[waiting.pop()].depends_on.nodes -%}
            {%- set config = graph.nodes.get(parent, {}).get('config', {}) -%}
            {%- if config.get('materialized') == 'transient' and parent not in found -%}
                {%- do found.append(parent) -%}
                {%- do waiting.append(parent) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}

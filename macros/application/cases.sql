{#- Reports and warnings of members are cases of one kind: made, and later upheld or dismissed. -#}
{% macro judged_cases(table) -%}
{%- set columns = application_columns(table) -%}

{%- set source_rows -%}
    select
        {{ application_column(columns, 'id', 'text') }} as case_id,
        {{ application_column(columns, 'user_id', 'uuid') }} as user_id,
        {{ application_column(columns, 'created_at', 'timestamptz') }} as created_at,
        {{ application_column(columns, 'decided_at', 'timestamptz') }} as decided_at,
        lower({{ application_column(columns, 'outcome', 'text') }}) as outcome
    {{ application_rows(table, columns) }}
{%- endset -%}
{%- set judged_rows -%}
    select
        source.*,
        case
            when source.user_id is null then 'no member'
            {{ when_orphaned(table ~ '.user_id', 'member does not exist') }}
            when source.created_at is null then 'no creation time'
            when {{ impossible_moment(['source.created_at', 'source.decided_at']) }} then 'impossible time'
        end as quarantine_reason,
        case
            when source.created_at > {{ latest_moment() }} then 'dated in the future; it waits until then'
            when source.decided_at < source.created_at
                then 'decided before it was made; the time of making stands in'
            when source.outcome not in ('upheld', 'dismissed') then 'unknown outcome; it counts against nobody'
        end as left_out
    from ({{ source_rows }}) as source
    {{ join_parent(table ~ '.user_id', 'users') }}
{%- endset -%}

select
    *,
    coalesce(case_id, 'of member ' || user_id::text) as row_key,
    -- Filter by this one: the planner takes "case … is null" for rare, and then loops over millions of rows.
    case when quarantine_reason is null then user_id end as trusted_user_id
from ({{ judged_rows }}) as judged
{%- endmacro %}

{#- The cases of a base model as they were known at as_of. -#}
{% macro known_cases(base) -%}
{#- An outcome without a time stands since the row was made; none stands before. -#}
{%- set effective_rows -%}
    select
        user_id,
        created_at,
        outcome,
        case when outcome is not null then greatest(decided_at, created_at) end as decided_at
    from {{ base }}
    where trusted_user_id is not null
{%- endset -%}

select
    user_id,
    {{ known('created_at') }} as created_at,
    {{ known('decided_at') }} as decided_at,
    case when decided_at <= {{ as_of() }} then outcome end as outcome,
    {{ upcoming('decided_at') }} as next_event_at
from ({{ effective_rows }}) as effective
{%- endmacro %}

{#- Reports and warnings of members are cases of one kind: created, and later upheld or dismissed. -#}
{% macro trusted_cases(table) -%}
{%- set reasons -%}
    when source.user_id is null then 'no member'
    {{ when_orphaned(table ~ '.user_id', 'member does not exist') }}
    when source.created_at is null then 'no creation time'
    when {{ impossible_moment(['source.created_at', 'source.decided_at']) }} then 'impossible time'
{%- endset -%}
{%- set left_out -%}
    when source.created_at > {{ latest_moment() }} then 'dated in the future; it waits until then'
    when source.decided_at < source.created_at
        then 'decided before it was created; the time of creation stands in'
    when source.outcome not in ('upheld', 'dismissed') then 'unknown outcome; it counts against nobody'
{%- endset -%}

{{ trusted_rows(
    table,
    columns=[
        'id text as case_id',
        'user_id uuid',
        'created_at timestamptz',
        'decided_at timestamptz',
        'outcome code',
    ],
    parents={'user_id': 'users'},
    reasons=reasons,
    left_out=left_out,
    key='user_id',
    row_key="coalesce(case_id, 'of member ' || user_id::text)",
) }}
{%- endmacro %}

{#- The cases of a base model as they were known at as_of. -#}
{% macro known_cases(base) -%}
{#- An outcome without a time stands since the row was created; none stands before. -#}
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

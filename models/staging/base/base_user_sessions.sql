{%- set columns = application_columns('user_sessions') -%}
{%- set source_rows -%}
    select
        {{ application_column(columns, 'id', 'text') }} as session_id,
        {{ application_column(columns, 'user_id', 'uuid') }} as user_id,
        {{ application_column(columns, 'started_at', 'timestamptz') }} as started_at,
        {{ application_column(columns, 'ended_at', 'timestamptz') }} as ended_at
    {{ application_rows('user_sessions', columns) }}
{%- endset -%}
{%- set judged_rows -%}
    select
        source.*,
        case
            when source.user_id is null then 'no member'
            {{ when_orphaned('user_sessions.user_id', 'member does not exist') }}
            when source.started_at is null then 'no beginning'
            when {{ impossible_moment(['source.started_at', 'source.ended_at']) }} then 'impossible time'
            when source.ended_at < source.started_at then 'ended before it began'
        end as quarantine_reason,
        case when source.started_at > {{ latest_moment() }} then 'dated in the future; it waits until then' end as left_out
    from ({{ source_rows }}) as source
    {{ join_parent('user_sessions.user_id', 'users') }}
{%- endset -%}

select
    *,
    coalesce(session_id, 'of member ' || user_id::text) as row_key,
    -- Filter by this one: the planner takes "case … is null" for rare, and then loops over millions of rows.
    case when quarantine_reason is null then user_id end as trusted_user_id
from ({{ judged_rows }}) as judged

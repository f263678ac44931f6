{%- set reasons -%}
    when source.user_id is null then 'no member'
    {{ when_orphaned('user_sessions.user_id', 'member does not exist') }}
    when source.started_at is null then 'no beginning'
    when {{ impossible_moment(['source.started_at', 'source.ended_at']) }} then 'impossible time'
    when source.ended_at < source.started_at then 'ended before it began'
{%- endset -%}
{%- set left_out -%}
    when source.started_at > {{ latest_moment() }} then 'dated in the future; it waits until then'
{%- endset -%}

{{ trusted_rows(
    'user_sessions',
    columns=[
        'id text as session_id',
        'user_id uuid',
        'started_at timestamptz',
        'ended_at timestamptz',
    ],
    parents={'user_id': 'users'},
    reasons=reasons,
    left_out=left_out,
    key='user_id',
    row_key="coalesce(session_id, 'of member ' || user_id::text)",
) }}

-- A session that is still open has no length.
select
    user_id,
    started_at,
    {{ known('ended_at') }} as ended_at,
    {{ upcoming('ended_at') }} as next_event_at
from {{ ref('base_user_sessions') }}
where
    trusted_user_id is not null
    and ended_at is not null

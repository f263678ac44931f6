select
    order_id,
    reason,
    {{ known('decided_at') }} as decided_at,
    {{ upcoming('decided_at') }} as next_event_at
from {{ ref('base_order_exclusions') }}
where trusted_order_id is not null

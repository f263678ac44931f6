select
    return_id,
    order_id,
    requested_at,
    {{ known('completed_at') }} as completed_at,
    {{ upcoming('completed_at') }} as next_event_at
from {{ ref('base_returns') }}
where trusted_order_id is not null

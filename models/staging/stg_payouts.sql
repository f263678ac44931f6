select
    seller_id,
    amount,
    status,
    {{ known('created_at') }} as created_at,
    {{ upcoming('created_at') }} as next_event_at
from {{ ref('base_payouts') }}
where trusted_seller_id is not null

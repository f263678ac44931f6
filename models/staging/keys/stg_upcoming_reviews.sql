select
    review_id,
    order_id,
    reviewer_id as user_id,
    seller_id,
    created_at as next_event_at
from {{ ref('stg_review_keys') }}
where created_at > {{ as_of() }}

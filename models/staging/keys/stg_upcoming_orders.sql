-- Orders dated after as_of count nowhere; when their time comes, scores change by themselves.
select
    order_id,
    buyer_id as user_id,
    seller_id,
    created_at as next_event_at
from {{ ref('stg_order_keys') }}
where created_at > {{ as_of() }}

-- A shop that the application says will be made is unknown until then, and its trade counts for nobody.
select
    seller_id,
    min(created_at) as next_event_at
from {{ ref('stg_seller_keys') }}
where created_at > {{ as_of() }}
group by seller_id

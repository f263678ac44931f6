{%- set is_unique = 'seller_profiles.id' in application_promises() -%}

-- A shop that the application says will be created is unknown until then, and its trade counts for nobody.
select
    seller_id,
    {{ 'created_at' if is_unique else 'min(created_at)' }} as next_event_at
from {{ ref('stg_seller_keys') }}
where created_at > {{ as_of() }}
{% if not is_unique -%}
    group by seller_id
{%- endif %}

{%- set is_unique = is_promised('seller_profiles.id', 'is_unique') -%}

-- A shop that the application says will be created is unknown until then, and its trade counts for nobody.
select
    seller_id,
    {{ 'created_at' if is_unique else 'min(created_at)' }} as next_event_at
from {{ ref('stg_seller_keys') }}
where created_at > {{ as_of() }}
{% if not is_unique -%}
    group by seller_id
{%- endif %}

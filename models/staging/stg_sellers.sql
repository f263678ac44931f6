{%- set source_rows = application_rows('seller_profiles', [
    'id uuid as seller_id',
    'user_id uuid',
    'created_at timestamptz',
    'tier_info jsonb as published_tier_info',
]) -%}

select
    seller_id,
    user_id,
    created_at,
    published_tier_info
from ({{ source_rows }}) as source
where created_at is null or created_at <= {{ as_of() }}

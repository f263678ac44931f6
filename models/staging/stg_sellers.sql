{%- set columns = application_columns('seller_profiles') -%}
{%- set source_rows -%}
    select
        {{ application_column(columns, 'id', 'uuid') }} as seller_id,
        {{ application_column(columns, 'user_id', 'uuid') }} as user_id,
        {{ application_column(columns, 'created_at', 'timestamptz') }} as created_at,
        {{ application_column(columns, 'tier_info', 'jsonb') }} as published_tier_info
    {{ application_rows('seller_profiles', columns) }}
{%- endset -%}

select
    seller_id,
    user_id,
    created_at,
    published_tier_info
from ({{ source_rows }}) as source
where created_at is null or created_at <= {{ as_of() }}

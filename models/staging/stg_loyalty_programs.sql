{%- set source_rows = application_rows('loyalty_programs', [
    'user_id uuid',
    'points_balance numeric',
    'tier code',
    'tier_achieved_at timestamptz',
]) -%}

select
    user_id,
    coalesce(points_balance, 0) as points_balance,
    tier,
    tier_achieved_at
from ({{ source_rows }}) as source
where user_id is not null

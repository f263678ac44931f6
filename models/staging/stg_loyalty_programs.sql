{%- set source_rows = application_rows('loyalty_programs', [
    'user_id uuid',
    'points_balance numeric',
]) -%}

select
    user_id,
    coalesce(points_balance, 0) as points_balance
from ({{ source_rows }}) as source
where user_id is not null

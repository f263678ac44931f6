{%- set source_rows = application_rows('referred_users', [
    'referrer_id uuid',
    'referee_id uuid',
    'first_purchase_at timestamptz',
]) -%}

select
    referrer_id,
    referee_id,
    {{ known('first_purchase_at') }} as first_purchase_at,
    {{ upcoming('first_purchase_at') }} as next_event_at
from ({{ source_rows }}) as source

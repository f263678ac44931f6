{%- set source_rows = application_rows('referred_users', [
    'id identity as referral_id',
    'referrer_id uuid',
    'referee_id uuid',
    'referred_at timestamptz',
    'signed_up_at timestamptz',
    'first_purchase_at timestamptz',
]) -%}

select
    referral_id,
    referrer_id,
    referee_id,
    referred_at,
    signed_up_at,
    {{ known('first_purchase_at') }} as first_purchase_at,
    {{ upcoming('first_purchase_at') }} as next_event_at
from ({{ source_rows }}) as source

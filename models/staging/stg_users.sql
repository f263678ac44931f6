{%- set source_rows = application_rows('users', [
    'id uuid as user_id',
    'created_at timestamptz',
    'last_login_at timestamptz',
    'email_verified boolean',
    'phone_verified boolean',
    'kyc_status code',
    'security_settings jsonb',
]) -%}

select
    user_id,
    created_at,
    {{ known('last_login_at') }} as last_login_at,
    {{ upcoming('last_login_at') }} as next_event_at,
    coalesce(email_verified, false) as email_verified,
    coalesce(phone_verified, false) as phone_verified,
    coalesce(kyc_status, 'not_verified') as kyc_status,
    -- Compared as JSON: an application that writes "true" as text has not switched it on.
    coalesce(security_settings -> 'two_factor_enabled' = 'true', false) as two_factor_enabled,
    coalesce(security_settings -> 'is_banned' = 'true', false) as is_banned
from ({{ source_rows }}) as source
-- Who joined before the web did has a time that nobody meant; the age of such an account is not known.
where nullif(greatest(created_at, {{ earliest_moment() }}), {{ earliest_moment() }}) <= {{ as_of() }}

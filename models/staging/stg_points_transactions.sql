{%- set source_rows = application_rows('points_transactions', [
    'id identity as entry_id',
    'user_id uuid',
    'type code',
    'amount numeric',
    'source code',
    'source_id uuid',
    'status code',
    'expires_at timestamptz',
    'created_at timestamptz',
]) -%}
{#- An entry without a time was always there. -#}
{%- set effective_rows -%}
    select
        entry_id,
        user_id,
        type,
        coalesce(amount, 0) as amount,
        source,
        source_id,
        coalesce(status, 'confirmed') = 'confirmed' as is_confirmed,
        expires_at,
        greatest(created_at, {{ earliest_moment() }}) as created_at
    from ({{ source_rows }}) as source
    where user_id is not null
{%- endset -%}

select
    entry_id,
    user_id,
    type,
    amount,
    source,
    source_id,
    is_confirmed,
    expires_at,
    {{ known('created_at') }} as created_at,
    {{ upcoming('created_at') }} as next_event_at
from ({{ effective_rows }}) as effective

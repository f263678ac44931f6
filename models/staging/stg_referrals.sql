{%- set columns = application_columns('referred_users') -%}
{%- set source_rows -%}
    select
        {{ application_column(columns, 'referrer_id', 'uuid') }} as referrer_id,
        {{ application_column(columns, 'referee_id', 'uuid') }} as referee_id,
        {{ application_column(columns, 'first_purchase_at', 'timestamptz') }} as first_purchase_at
    {{ application_rows('referred_users', columns) }}
{%- endset -%}

select
    referrer_id,
    referee_id,
    {{ known('first_purchase_at') }} as first_purchase_at,
    {{ upcoming('first_purchase_at') }} as next_event_at
from ({{ source_rows }}) as source

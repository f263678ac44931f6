{#- A decision without a time counts from the opening of the dispute; none counts before that. -#}
{%- set effective_rows -%}
    select
        dispute_id,
        order_id,
        opened_at,
        decided_against,
        greatest(resolved_at, case when decided_against is not null then opened_at end) as resolved_at
    from {{ ref('base_disputes') }}
    where trusted_order_id is not null
{%- endset -%}

select
    dispute_id,
    order_id,
    {{ known('opened_at') }} as opened_at,
    {{ known('resolved_at') }} as resolved_at,
    case when resolved_at <= {{ as_of() }} then decided_against end as decided_against,
    least({{ upcoming('opened_at') }}, {{ upcoming('resolved_at') }}) as next_event_at
from ({{ effective_rows }}) as effective

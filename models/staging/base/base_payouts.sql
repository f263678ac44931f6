{%- set columns = application_columns('payouts') -%}
{%- set source_rows -%}
    select
        {{ application_column(columns, 'id', 'text') }} as payout_id,
        {{ application_column(columns, 'seller_id', 'uuid') }} as seller_id,
        {{ application_column(columns, 'amount', 'numeric') }} as amount,
        lower({{ application_column(columns, 'status', 'text') }}) as status,
        {{ application_column(columns, 'created_at', 'timestamptz') }} as created_at
    {{ application_rows('payouts', columns) }}
{%- endset -%}
{%- set judged_rows -%}
    select
        source.*,
        case
            when source.seller_id is null then 'no seller'
            {{ when_orphaned('payouts.seller_id', 'seller does not exist') }}
            when source.created_at is null then 'no creation time'
            when {{ impossible_moment(['source.created_at']) }} then 'impossible time'
            when source.amount < 0 then 'negative amount'
            when source.amount > {{ policy('max_amount') }} then 'absurd amount'
        end as quarantine_reason,
        case
            when source.created_at > {{ latest_moment() }} then 'dated in the future; it waits until then'
            when source.status not in ('pending', 'available', 'withdrawn') then 'unknown status; it is in no balance'
        end as left_out
    from ({{ source_rows }}) as source
    {{ join_parent('payouts.seller_id', 'seller_profiles') }}
{%- endset -%}

select
    *,
    coalesce(payout_id, 'of shop ' || seller_id::text) as row_key,
    -- Filter by this one: the planner takes "case … is null" for rare, and then loops over millions of rows.
    case when quarantine_reason is null then seller_id end as trusted_seller_id
from ({{ judged_rows }}) as judged

{%- set reasons -%}
    when source.seller_id is null then 'no seller'
    {{ when_orphaned('payouts.seller_id', 'seller does not exist') }}
    when source.created_at is null then 'no creation time'
    when {{ impossible_moment(['source.created_at']) }} then 'impossible time'
    when source.amount < 0 then 'negative amount'
    when source.amount > {{ policy('max_amount') }} then 'absurd amount'
{%- endset -%}
{%- set left_out -%}
    when source.created_at > {{ latest_moment() }} then 'dated in the future; it waits until then'
    when source.status not in ('pending', 'available', 'withdrawn')
        then 'unknown status; it is in no balance'
{%- endset -%}

{{ trusted_rows(
    'payouts',
    columns=[
        'id text as payout_id',
        'seller_id uuid',
        'amount numeric',
        'status code',
        'created_at timestamptz',
    ],
    parents={'seller_id': 'seller_profiles'},
    reasons=reasons,
    left_out=left_out,
    key='seller_id',
    row_key="coalesce(payout_id, 'of shop ' || seller_id::text)",
) }}

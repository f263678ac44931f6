{%- set reasons -%}
    when source.order_id is null then 'no order'
    {{ when_orphaned('order_exclusions.order_id', 'order does not exist') }}
    when source.decided_at is null then 'no decision time'
    when {{ impossible_moment(['source.decided_at']) }} then 'impossible time'
{%- endset -%}
{%- set left_out -%}
    when source.decided_at > {{ latest_moment() }} then 'dated in the future; it waits until then'
{%- endset -%}

{{ trusted_rows(
    'order_exclusions',
    columns=[
        'order_id uuid',
        'reason text',
        'decided_at timestamptz',
    ],
    parents={'order_id': 'orders'},
    reasons=reasons,
    left_out=left_out,
    key='order_id',
    row_key="'of order ' || order_id::text",
) }}

{%- set reasons -%}
    when source.order_id is null then 'no order'
    {{ when_orphaned('disputes.order_id', 'order does not exist') }}
    when source.opened_at is null then 'no opening time'
    when {{ impossible_moment(['source.opened_at', 'source.resolved_at']) }} then 'impossible time'
{%- endset -%}
{%- set left_out -%}
    when source.opened_at > {{ latest_moment() }} then 'dated in the future; it waits until then'
    when source.resolved_at < source.opened_at
        then 'decided before it was opened; the time of opening stands in'
    when source.decided_against not in ('buyer', 'seller')
        then 'decided against somebody unknown; it counts against nobody'
{%- endset -%}

{{ trusted_rows(
    'disputes',
    columns=[
        'id text as dispute_id',
        'order_id uuid',
        'opened_at timestamptz',
        'resolved_at timestamptz',
        'decided_against code',
    ],
    parents={'order_id': 'orders'},
    reasons=reasons,
    left_out=left_out,
    key='order_id',
    row_key='dispute_id',
) }}

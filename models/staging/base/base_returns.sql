{%- set reasons -%}
    when source.order_id is null then 'no order'
    {{ when_orphaned('returns.order_id', 'order does not exist') }}
    when {{ impossible_moment(['source.requested_at', 'source.completed_at']) }} then 'impossible time'
    when source.completed_at < source.requested_at then 'completed before it was requested'
{%- endset -%}
{%- set left_out -%}
    when least(source.requested_at, source.completed_at) > {{ latest_moment() }}
        then 'dated in the future; it waits until then'
{%- endset -%}

{{ trusted_rows(
    'returns',
    columns=[
        'id text as return_id',
        'order_id uuid',
        'requested_at timestamptz',
        'completed_at timestamptz',
    ],
    parents={'order_id': 'orders'},
    reasons=reasons,
    left_out=left_out,
    key='order_id',
    row_key='return_id',
) }}

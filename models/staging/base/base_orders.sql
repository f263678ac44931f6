{%- set source_rows = application_rows('orders', [
    'id uuid as order_id',
    'buyer_id uuid',
    'seller_id uuid',
    'status code',
    'total_amount numeric',
    'created_at timestamptz',
    'paid_at timestamptz as stated_paid_at',
    'ship_by deadline',
    'shipped_at timestamptz as stated_shipped_at',
    'promised_at deadline',
    'delivered_at timestamptz',
    'completed_at timestamptz',
    'cancelled_at timestamptz',
    'cancelled_by code',
    'refunded_at timestamptz',
    'refunded_amount numeric',
    'updated_at timestamptz',
]) -%}
{%- set examined_rows -%}
    select
        source.*,
        statuses.meaning as status_meaning,
        coalesce(statuses.is_shipped, false) as is_shipped_by_status,
        coalesce(statuses.is_paid, false) as is_paid_by_status,
        case
            when source.order_id is null then 'no key'
            {{ when_repeated('orders', 'order_id') }}
            when source.buyer_id is null then 'no buyer'
            when source.seller_id is null then 'no seller'
            {{ when_orphaned('orders.buyer_id', 'buyer does not exist') }}
            {{ when_orphaned('orders.seller_id', 'seller does not exist') }}
            when source.created_at is null then 'no creation time'
            when {{ impossible_moment([
                'source.created_at', 'source.stated_paid_at', 'source.ship_by', 'source.stated_shipped_at',
                'source.promised_at', 'source.delivered_at', 'source.completed_at', 'source.cancelled_at',
                'source.refunded_at', 'source.updated_at',
            ]) }} then 'impossible time'
            when source.created_at > {{ latest_moment() }} then 'created in the future'
            when
                least(source.delivered_at, source.completed_at, source.cancelled_at, source.refunded_at)
                < source.created_at
                then 'ended before it was created'
            when least(source.total_amount, source.refunded_amount) < 0 then 'negative amount'
            when
                greatest(source.total_amount, source.refunded_amount) > {{ policy('max_amount') }}
                then 'absurd amount'
            when statuses.status is null then 'unknown status'
        end as quarantine_reason,
        -- A payment or shipment before the order is a wrong time of a right order: only it is left out.
        case when source.stated_paid_at >= source.created_at then source.stated_paid_at end as paid_at,
        case
            when source.stated_shipped_at >= source.created_at then source.stated_shipped_at
        end as shipped_at,
        case
            when
                source.stated_paid_at < source.created_at
                then 'paid before it was created; the time is left out'
            when
                source.stated_shipped_at < source.created_at
                then 'shipped before it was created; the time is left out'
        end as left_out
    from ({{ source_rows }}) as source
    left join {{ ref('order_statuses') }} as statuses on source.status = statuses.status
    {{ join_repeated('orders', source_rows, 'order_id') }}
    {{ join_parent('orders.buyer_id', 'users') }}
    {{ join_parent('orders.seller_id', 'seller_profiles') }}
{%- endset -%}

select
    *,
    -- Whether the application says at all when an order was shipped; else no shipping is evaluated.
    {{ 'shipped_at' in application_columns('orders') }} as has_shipping_times,
    -- Whether it says at all what an order cost; else none is too small.
    {{ is_used('orders.total_amount') }} as has_amounts,
    -- Whether it says of any order when it was paid; else only an open one is known not to be.
    {{ is_used('orders.paid_at') }} as has_payment_times,
    -- What stands in for the time of a status that has none.
    coalesce(
        greatest(paid_at, shipped_at, delivered_at, completed_at, cancelled_at, refunded_at),
        updated_at,
        created_at
    ) as latest_event_at,
    -- Filter by this one: the planner takes "case … is null" for rare, and loops over millions of rows.
    case when quarantine_reason is null then order_id end as trusted_order_id
from ({{ examined_rows }}) as examined

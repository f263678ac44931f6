{%- set columns = application_columns('orders') -%}
{%- set promised = application_promises() -%}
{%- set source_rows -%}
    select
        {{ application_column(columns, 'id', 'uuid') }} as order_id,
        {{ application_column(columns, 'buyer_id', 'uuid') }} as buyer_id,
        {{ application_column(columns, 'seller_id', 'uuid') }} as seller_id,
        lower({{ application_column(columns, 'status', 'text') }}) as status,
        {{ application_column(columns, 'total_amount', 'numeric') }} as total_amount,
        {{ application_column(columns, 'created_at', 'timestamptz') }} as created_at,
        {{ application_column(columns, 'paid_at', 'timestamptz') }} as stated_paid_at,
        {{ application_column(columns, 'ship_by', 'timestamptz') }} as ship_by,
        {{ application_column(columns, 'shipped_at', 'timestamptz') }} as stated_shipped_at,
        {{ application_column(columns, 'promised_at', 'timestamptz') }} as promised_at,
        {{ application_column(columns, 'delivered_at', 'timestamptz') }} as delivered_at,
        {{ application_column(columns, 'completed_at', 'timestamptz') }} as completed_at,
        {{ application_column(columns, 'cancelled_at', 'timestamptz') }} as cancelled_at,
        lower({{ application_column(columns, 'cancelled_by', 'text') }}) as cancelled_by,
        {{ application_column(columns, 'refunded_at', 'timestamptz') }} as refunded_at,
        {{ application_column(columns, 'refunded_amount', 'numeric') }} as refunded_amount,
        {{ application_column(columns, 'updated_at', 'timestamptz') }} as updated_at
    {{ application_rows('orders', columns) }}
{%- endset -%}
{#- Looked for only where no constraint of the application's tables forbids them. -#}
{% if 'orders.id' not in promised %}
{%- set repeated_rows -%}
    select order_id
    from ({{ source_rows }}) as source
    group by order_id
    having count(*) > 1
{%- endset -%}
{% endif %}
{%- set judged_rows -%}
    select
        source.*,
        statuses.meaning as status_meaning,
        coalesce(statuses.is_shipped, false) as is_shipped_by_status,
        case
            when source.order_id is null then 'no key'
            {%- if 'orders.id' not in promised %}
            when repeated.order_id is not null then 'duplicate key'
            {%- endif %}
            when source.buyer_id is null then 'no buyer'
            when source.seller_id is null then 'no seller'
            {%- if 'orders.buyer_id' not in promised %}
            when buyers.id is null then 'buyer does not exist'
            {%- endif %}
            {%- if 'orders.seller_id' not in promised %}
            when shops.id is null then 'seller does not exist'
            {%- endif %}
            when source.created_at is null then 'no creation time'
            when {{ impossible_moment([
                'source.created_at', 'source.stated_paid_at', 'source.ship_by', 'source.stated_shipped_at', 'source.promised_at',
                'source.delivered_at', 'source.completed_at', 'source.cancelled_at', 'source.refunded_at',
                'source.updated_at',
            ]) }} then 'impossible time'
            when source.created_at > {{ latest_moment() }} then 'created in the future'
            when
                least(source.delivered_at, source.completed_at, source.cancelled_at, source.refunded_at)
                < source.created_at
                then 'ended before it was created'
            when least(source.total_amount, source.refunded_amount) < 0 then 'negative amount'
            when greatest(source.total_amount, source.refunded_amount) > {{ policy('max_amount') }} then 'absurd amount'
            when statuses.status is null then 'unknown status'
        end as quarantine_reason,
        -- A payment or shipment before the order is a wrong time on a true order: only the time is left out.
        case when source.stated_paid_at >= source.created_at then source.stated_paid_at end as paid_at,
        case when source.stated_shipped_at >= source.created_at then source.stated_shipped_at end as shipped_at,
        case
            when source.stated_paid_at < source.created_at then 'paid before it was created; the time is left out'
            when source.stated_shipped_at < source.created_at then 'shipped before it was created; the time is left out'
        end as left_out
    from ({{ source_rows }}) as source
    left join {{ ref('order_statuses') }} as statuses on source.status = statuses.status
    {%- if 'orders.id' not in promised %}
    left join ({{ repeated_rows }}) as repeated on source.order_id = repeated.order_id
    {%- endif %}
    {%- if 'orders.buyer_id' not in promised %}
    left join {{ source('application', 'users') }} as buyers on source.buyer_id = buyers.id
    {%- endif %}
    {%- if 'orders.seller_id' not in promised %}
    left join {{ source('application', 'seller_profiles') }} as shops on source.seller_id = shops.id
    {%- endif %}
{%- endset -%}

select
    *,
    -- Whether the application says at all when an order was shipped; without that, nothing can be judged.
    {{ 'shipped_at' in columns }} as has_shipping_times,
    -- What stands in for the time of a status that has none.
    coalesce(
        greatest(paid_at, shipped_at, delivered_at, completed_at, cancelled_at, refunded_at),
        updated_at,
        created_at
    ) as latest_event_at,
    -- Filter by this one: the planner takes "case … is null" for rare, and then loops over millions of rows.
    case when quarantine_reason is null then order_id end as trusted_order_id
from ({{ judged_rows }}) as judged

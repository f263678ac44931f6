{%- set columns = application_columns('orders') -%}

with source as (

    select
        {{ application_column(columns, 'id', 'uuid') }} as order_id,
        {{ application_column(columns, 'buyer_id', 'uuid') }} as buyer_id,
        {{ application_column(columns, 'seller_id', 'uuid') }} as seller_id,
        lower({{ application_column(columns, 'status', 'text') }}) as status,
        {{ application_column(columns, 'total_amount', 'numeric') }} as total_amount,
        {{ application_column(columns, 'created_at', 'timestamptz') }} as created_at,
        {{ application_column(columns, 'paid_at', 'timestamptz') }} as paid_at,
        {{ application_column(columns, 'ship_by', 'timestamptz') }} as ship_by,
        {{ application_column(columns, 'shipped_at', 'timestamptz') }} as shipped_at,
        {{ application_column(columns, 'promised_at', 'timestamptz') }} as promised_at,
        {{ application_column(columns, 'delivered_at', 'timestamptz') }} as delivered_at,
        {{ application_column(columns, 'completed_at', 'timestamptz') }} as completed_at,
        {{ application_column(columns, 'cancelled_at', 'timestamptz') }} as cancelled_at,
        lower({{ application_column(columns, 'cancelled_by', 'text') }}) as cancelled_by,
        {{ application_column(columns, 'refunded_at', 'timestamptz') }} as refunded_at,
        {{ application_column(columns, 'refunded_amount', 'numeric') }} as refunded_amount,
        {{ application_column(columns, 'updated_at', 'timestamptz') }} as updated_at,
        -- Whether the application says at all when an order was shipped; without that, nothing can be judged.
        {{ 'shipped_at' in columns }} as has_shipping_times
    {{ application_rows('orders', columns) }}

),

statuses as (

    select * from {{ ref('order_statuses') }}

),

run_context as (

    select * from {{ source('standing', 'run_context') }}

),

final as (

    select
        source.*,
        statuses.meaning as status_meaning,
        coalesce(statuses.is_shipped, false) as is_shipped_by_status,
        -- What stands in for the time of a status that has none.
        coalesce(
            greatest(
                source.paid_at,
                source.shipped_at,
                source.delivered_at,
                source.completed_at,
                source.cancelled_at,
                source.refunded_at
            ),
            source.updated_at,
            source.created_at
        ) as latest_event_at,
        case
            when source.buyer_id is null then 'no buyer'
            when source.seller_id is null then 'no seller'
            when source.created_at is null then 'no creation time'
            when source.created_at > (select run_context.wall_clock from run_context) then 'created in the future'
            when source.total_amount < 0 then 'negative amount'
            when statuses.status is null then 'unknown status'
        end as quarantine_reason
    from source
    left join statuses on source.status = statuses.status

)

select * from final

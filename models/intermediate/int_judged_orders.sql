{{ config(
    materialized='kept',
    key=['order_id'],
    unique=true,
    moment='next_step_at',
    stale='stale_orders',
    indexes=[{'columns': ['seller_id']}, {'columns': ['buyer_id']}],
) }}

with shipments as (

    select * from {{ ref('int_shipments') }}

),

ratings as (

    select * from {{ ref('int_order_ratings') }}

),

upcoming as (

    select distinct on (orders.order_id) orders.*
    from {{ ref('stg_upcoming_orders') }} as orders
    {{ only_stale('orders', 'order_id', source('standing', 'stale_orders')) }}
    where orders.order_id is not null
    order by orders.order_id asc, orders.next_event_at asc

),

-- Of an order that is still to come no more is known than whom it will concern.
final as (

    select
        shipments.order_id,
        shipments.buyer_id,
        shipments.seller_id,
        shipments.seller_user_id,
        shipments.created_at,
        shipments.outcome,
        shipments.resolved_at,
        shipments.amount,
        shipments.cancelled_by,
        shipments.judged_at,
        shipments.handed_over_at,
        shipments.shipped_at,
        shipments.processing_seconds,
        shipments.promised_at,
        shipments.delivered_at,
        shipments.is_on_time,
        shipments.is_disputed,
        shipments.lost_by_buyer_at,
        shipments.lost_by_seller_at,
        shipments.is_defect,
        shipments.is_excluded,
        ratings.rating,
        shipments.next_event_at,
        shipments.next_step_at,
        true as is_known
    from shipments
    left join ratings on shipments.order_id = ratings.order_id
    union all
    select
        order_id,
        user_id as buyer_id,
        seller_id,
        {% for column in [
            'seller_user_id', 'created_at', 'outcome', 'resolved_at', 'amount', 'cancelled_by', 'judged_at', 'handed_over_at',
            'shipped_at', 'processing_seconds', 'promised_at', 'delivered_at', 'is_on_time', 'is_disputed', 'lost_by_buyer_at',
            'lost_by_seller_at', 'is_defect', 'is_excluded', 'rating',
        ] -%}
            null as {{ column }},
        {% endfor -%}
        next_event_at,
        next_event_at as next_step_at,
        false as is_known
    from upcoming

)

select * from final

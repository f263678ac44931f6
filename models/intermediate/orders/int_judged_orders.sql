{{ config(
    materialized='kept',
    of='rows',
    source='orders',
    concerns=['buyer_id', 'seller_id'],
    key=['order_id'],
    unique=true,
    stored_by=['seller_id', 'summed_on'],
    stale='stale_orders',
    along={'stale_order_days': ['seller_id', 'summed_on'], 'stale_customers': ['buyer_id', 'seller_id']},
    indexes=[{'columns': ['seller_id', 'summed_on']}, {'columns': ['buyer_id', 'seller_id']}],
    partial_indexes={'next_step_at': 'next_step_at is not null', 'seller_id': 'not is_known'},
) }}

with shipments as (

    select * from {{ ref('int_shipments') }}

),

ratings as (

    select * from {{ ref('int_order_ratings') }}

),

large_shops as (

    select * from {{ ref('int_large_shops') }}

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
        -- Nothing but a change will move it to another day, or change what it comes to.
        case
            when large_shops.seller_id is not null and shipments.next_step_at is null and not shipments.is_excluded
                then (shipments.resolved_at at time zone 'UTC')::date
        end as summed_on,
        true as is_known
    from shipments
    left join ratings on shipments.order_id = ratings.order_id
    left join large_shops on shipments.seller_id = large_shops.seller_id
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
        null as summed_on,
        false as is_known
    from upcoming

)

select * from final

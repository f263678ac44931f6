{{ config(
    materialized='kept',
    of='rows',
    source='orders',
    concerns=['buyer_id', 'seller_id'],
    key=['order_id'],
    unique=true,
    stored_by=['seller_id', 'last_day'],
    stale='stale_orders',
    along={
        'stale_order_days': {
            'seller_id': 'seller_id',
            'day': 'unnest(array[resolved_on, judged_on, shipped_on, promised_on, lost_by_seller_on])',
        },
        'stale_customers': {'buyer_id': 'buyer_id', 'seller_id': 'seller_id'},
    },
    indexes=[{'columns': ['seller_id', 'last_day', 'first_day']}, {'columns': ['buyer_id', 'seller_id']}],
    partial_indexes={
        'next_step_at': 'next_step_at is not null',
        'seller_id': 'next_step_at is not null or is_excluded',
    },
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
        dated.resolved_on,
        dated.judged_on,
        dated.shipped_on,
        dated.promised_on,
        dated.lost_by_buyer_on,
        dated.lost_by_seller_on,
        least({{ order_days() | join(', ') }}) as first_day,
        greatest({{ order_days() | join(', ') }}) as last_day,
        true as is_known
    from shipments
    left join ratings on shipments.order_id = ratings.order_id
    cross join lateral (
        select
            {{ business_day('shipments.resolved_at') }} as resolved_on,
            {{ business_day('shipments.judged_at') }} as judged_on,
            {{ business_day('shipments.shipped_at') }} as shipped_on,
            case
                when shipments.promised_at is not null then {{ business_day('shipments.delivered_at') }}
            end as promised_on,
            {{ business_day('shipments.lost_by_buyer_at') }} as lost_by_buyer_on,
            {{ business_day('shipments.lost_by_seller_at') }} as lost_by_seller_on
    ) as dated
    union all
    select
        order_id,
        user_id as buyer_id,
        seller_id,
        {% for column in [
            'seller_user_id', 'created_at', 'outcome', 'resolved_at', 'amount', 'cancelled_by', 'judged_at',
            'handed_over_at', 'shipped_at', 'processing_seconds', 'promised_at', 'delivered_at',
            'is_on_time',
            'is_disputed', 'lost_by_buyer_at',
            'lost_by_seller_at', 'is_defect', 'is_excluded', 'rating',
        ] -%}
            null as {{ column }},
        {% endfor -%}
        next_event_at,
        next_event_at as next_step_at,
        {% for day in [
            'resolved_on', 'judged_on', 'shipped_on', 'promised_on', 'lost_by_buyer_on',
            'lost_by_seller_on',
            'first_day', 'last_day',
        ] -%}
            null as {{ day }},
        {% endfor -%}
        false as is_known
    from upcoming

)

select * from final

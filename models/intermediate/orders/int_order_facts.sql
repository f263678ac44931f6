{{ config(
    materialized='incremental_by_key',
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
            'day': 'unnest(array[resolved_on, evaluated_on, shipped_on, promised_on, '
            'lost_by_seller_on, known_on])',
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

-- The business days of what happened to an order that a rate goes by.
happened as (

    select
        *,
        case when is_paid then {{ business_day('resolved_at') }} end as resolved_on,
        {{ business_day('evaluated_at') }} as evaluated_on,
        {{ business_day('shipped_at') }} as shipped_on,
        case when promised_at is not null then {{ business_day('delivered_at') }} end as promised_on,
        {{ business_day('lost_by_buyer_at') }} as lost_by_buyer_on,
        {{ business_day('lost_by_seller_at') }} as lost_by_seller_on,
        {{ business_day('created_at') }} as created_on
    from shipments

),

ratings as (

    select * from {{ ref('int_order_ratings') }}

),

rated as (

    select
        happened.*,
        ratings.rating,
        happened.is_paid
        and (
            happened.lost_by_seller_at is not null
            or (happened.outcome = 'cancelled' and happened.cancelled_by is distinct from 'buyer')
            or coalesce(ratings.rating <= {{ policy('problem_rating_to') }}, false)
        ) as is_problem
    from happened
    left join ratings on happened.order_id = ratings.order_id

),

-- The day of an order of which is known, or will be by its buyer's silence, whether it went wrong. Where no
-- review names an order, silence says nothing, and those that are known to be bad alone are no sample.
dated as (

    select
        *,
        case
            when
                {{ is_used('reviews.order_id') }}
                and (is_problem or (rating is not null and is_paid) or outcome = 'completed')
                then coalesce(resolved_on, created_on)
        end as known_on
    from rated

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
        dated.order_id,
        dated.buyer_id,
        dated.seller_id,
        dated.seller_user_id,
        dated.created_at,
        dated.outcome,
        dated.resolved_at,
        dated.amount,
        dated.lifts_trust,
        dated.lowers_trust,
        dated.cancelled_by,
        dated.is_paid,
        dated.evaluated_at,
        dated.handed_over_at,
        dated.shipped_at,
        dated.processing_seconds,
        dated.promised_at,
        dated.delivered_at,
        dated.is_on_time,
        dated.is_disputed,
        dated.lost_by_buyer_at,
        dated.lost_by_seller_at,
        dated.is_defect,
        dated.is_excluded,
        dated.rating,
        dated.is_problem,
        dated.next_event_at,
        dated.next_step_at,
        dated.resolved_on,
        dated.evaluated_on,
        dated.shipped_on,
        dated.promised_on,
        dated.lost_by_buyer_on,
        dated.lost_by_seller_on,
        dated.known_on,
        least({{ order_days() | join(', ') }}) as first_day,
        greatest({{ order_days() | join(', ') }}) as last_day,
        true as is_known
    from dated
    union all
    select
        order_id,
        user_id as buyer_id,
        seller_id,
        {% for column in [
            'seller_user_id', 'created_at', 'outcome', 'resolved_at', 'amount', 'lifts_trust',
            'lowers_trust', 'cancelled_by', 'is_paid', 'evaluated_at', 'handed_over_at', 'shipped_at',
            'processing_seconds', 'promised_at', 'delivered_at', 'is_on_time', 'is_disputed',
            'lost_by_buyer_at', 'lost_by_seller_at', 'is_defect', 'is_excluded', 'rating', 'is_problem',
        ] -%}
            null as {{ column }},
        {% endfor -%}
        next_event_at,
        next_event_at as next_step_at,
        {% for day in [
            'resolved_on', 'evaluated_on', 'shipped_on', 'promised_on', 'lost_by_buyer_on',
            'lost_by_seller_on', 'known_on', 'first_day', 'last_day',
        ] -%}
            null as {{ day }},
        {% endfor -%}
        false as is_known
    from upcoming

)

select * from final

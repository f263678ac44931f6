{{ config(
    materialized='kept',
    key=['order_id'],
    unique=true,
    moment='next_step_at',
    stale='stale_orders',
    indexes=[{'columns': ['seller_id']}, {'columns': ['buyer_id']}],
) }}

with outcomes as (

    select * from {{ ref('int_order_outcomes') }}

),

working_days as (

    select * from {{ ref('int_working_days') }}

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

-- Working hours are counted on the wall clock of the business time zone, 24 to a working day.
started as (

    select
        outcomes.*,
        coalesce(outcomes.paid_at, outcomes.created_at) as started_at,
        case
            when outcomes.ship_by is null and outcomes.has_shipping_times
                then coalesce(outcomes.paid_at, outcomes.created_at) at time zone {{ business_zone() }}
        end as started_locally
    from outcomes

),

counted as (

    select
        started.*,
        extract(epoch from make_interval(hours => 24 * started_days.working_days_before))
        + case when started_days.is_working then extract(epoch from started.started_locally::time) else 0 end
        + 3600 * {{ policy('ship_within_working_hours') }} as working_seconds
    from started
    left join working_days as started_days on started.started_locally::date = started_days.day

),

-- The last working day that is needed, and how far into it.
due as (

    select
        counted.*,
        coalesce(
            counted.ship_by,
            (
                due_days.day
                + make_interval(secs => (counted.working_seconds - 86400 * due_days.working_days_before)::double precision)
            ) at time zone {{ business_zone() }},
            counted.started_at
        ) as due_at
    from counted
    left join working_days as due_days
        on
            due_days.is_working
            and due_days.working_days_before = ceil(counted.working_seconds / 86400) - 1

),

-- What the buyer or the system called off in time was never to be shipped; what the seller called off was.
shipping as (

    select
        due.*,
        due.handed_over_at is null
        and coalesce(due.resolved_at < due.due_at, false)
        and not (due.outcome = 'cancelled' and coalesce(due.cancelled_by = 'seller', false)) as is_called_off
    from due

),

-- Of an order that is still to come no more is known than whom it will concern.
final as (

    select
        shipping.order_id,
        shipping.buyer_id,
        shipping.seller_id,
        shipping.seller_user_id,
        shipping.created_at,
        shipping.outcome,
        shipping.resolved_at,
        shipping.amount,
        shipping.cancelled_by,
        case
            when shipping.has_shipping_times
                then
                    least(
                        shipping.handed_over_at,
                        case when shipping.due_at <= {{ as_of() }} and not shipping.is_called_off then shipping.due_at end
                    )
        end as judged_at,
        shipping.handed_over_at,
        shipping.shipped_at,
        greatest(extract(epoch from shipping.shipped_at - shipping.started_at), 0) as processing_seconds,
        shipping.promised_at,
        shipping.delivered_at,
        {{ business_day('shipping.delivered_at') }} <= {{ business_day('shipping.promised_at') }} as is_on_time,
        shipping.disputed_at is not null as is_disputed,
        shipping.lost_by_buyer_at,
        shipping.lost_by_seller_at,
        shipping.lost_by_seller_at is not null
        or (shipping.outcome = 'cancelled' and coalesce(shipping.cancelled_by = 'seller', false)) as is_defect,
        shipping.is_excluded,
        ratings.rating,
        shipping.next_event_at,
        least(
            shipping.next_event_at,
            case
                when
                    shipping.has_shipping_times
                    and shipping.handed_over_at is null
                    and shipping.due_at > {{ as_of() }}
                    and not shipping.is_called_off
                    then shipping.due_at
            end
        ) as next_step_at,
        true as is_known
    from shipping
    left join ratings on shipping.order_id = ratings.order_id
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

{{ config(kind='view') }}

with outcomes as (

    select * from {{ ref('int_order_outcomes') }}

),

-- Read twice. Materialized, it could not be joined by parallel workers.
working_days as not materialized (

    select * from {{ ref('int_working_days') }}

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
        + case
            when started_days.is_working then extract(epoch from started.started_locally::time)
            else 0
        end
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
                + make_interval(
                    secs => (
                        counted.working_seconds - 86400 * due_days.working_days_before
                    )::double precision
                )
            ) at time zone {{ business_zone() }},
            counted.started_at
        ) as due_at
    from counted
    left join working_days as due_days
        on
            due_days.is_working
            and due_days.working_days_before = (ceil(counted.working_seconds / 86400) - 1)::integer

),

-- What the buyer or the system called off in time was never to be shipped; what the seller called off was.
flagged as (

    select
        due.*,
        due.handed_over_at is null
        and coalesce(due.resolved_at < due.due_at, false)
        and not (due.outcome = 'cancelled' and coalesce(due.cancelled_by = 'seller', false))
            as is_called_off
    from due

),

final as (

    select
        order_id,
        buyer_id,
        seller_id,
        seller_user_id,
        created_at,
        outcome,
        resolved_at,
        amount,
        lifts_trust,
        lowers_trust,
        cancelled_by,
        is_paid,
        case
            when has_shipping_times
                then
                    least(
                        handed_over_at,
                        case when due_at <= {{ as_of() }} and is_paid and not is_called_off then due_at end
                    )
        end as evaluated_at,
        handed_over_at,
        shipped_at,
        greatest(extract(epoch from shipped_at - started_at), 0) as processing_seconds,
        promised_at,
        delivered_at,
        {{ business_day('delivered_at') }} <= {{ business_day('promised_at') }} as is_on_time,
        disputed_at is not null as is_disputed,
        lost_by_buyer_at,
        lost_by_seller_at,
        lost_by_seller_at is not null
        or (is_paid and outcome = 'cancelled' and coalesce(cancelled_by = 'seller', false)) as is_defect,
        is_excluded,
        next_event_at,
        least(
            next_event_at,
            case
                when
                    has_shipping_times
                    and handed_over_at is null
                    and due_at > {{ as_of() }}
                    and is_paid
                    and not is_called_off
                    then due_at
            end
        ) as next_step_at
    from flagged

)

select * from final

{#- Times decide; where only the status says it, the latest event's time stands in. -#}
{%- set effective_rows -%}
    select
        order_id,
        buyer_id,
        seller_id,
        status,
        status_meaning,
        total_amount,
        created_at,
        paid_at,
        ship_by,
        shipped_at,
        promised_at,
        delivered_at,
        cancelled_by,
        refunded_amount,
        updated_at,
        coalesce(completed_at, case when status_meaning = 'completed' then latest_event_at end)
            as completed_at,
        coalesce(cancelled_at, case when status_meaning = 'cancelled' then latest_event_at end)
            as cancelled_at,
        refunded_at,
        case
            when status_meaning = 'returned' then coalesce(refunded_at, latest_event_at)
        end as returned_at,
        has_shipping_times,
        has_payment_times,
        has_amounts,
        -- What was shipped, accepted or paid back had been paid, or is on delivery. A payment before the
        -- order is one, too, at a wrong time.
        least(
            case when stated_paid_at is not null then greatest(stated_paid_at, created_at) end,
            shipped_at,
            delivered_at,
            completed_at,
            refunded_at,
            case
                when not has_payment_times and (is_paid_by_status or status_meaning != 'open')
                    then created_at
                when
                    is_paid_by_status
                    and coalesce(stated_paid_at, shipped_at, delivered_at, completed_at, refunded_at)
                    is null
                    then latest_event_at
            end
        ) as payment_at,
        case
            when
                is_shipped_by_status and coalesce(shipped_at, delivered_at, completed_at) is null
                then latest_event_at
        end as shipped_by_status_at,
        (status_meaning = 'completed' and completed_at is null)
        or (status_meaning = 'cancelled' and cancelled_at is null)
        or (status_meaning = 'returned' and refunded_at is null) as is_time_assumed
    from {{ ref('base_orders') }} as orders
    where trusted_order_id is not null
{%- endset -%}

-- As it was known at as_of: what happened later has not happened.
select
    order_id,
    buyer_id,
    seller_id,
    status,
    status_meaning,
    total_amount,
    created_at,
    {{ known('paid_at') }} as paid_at,
    ship_by,
    {{ known('shipped_at') }} as shipped_at,
    promised_at,
    {{ known('delivered_at') }} as delivered_at,
    {{ known('completed_at') }} as completed_at,
    {{ known('cancelled_at') }} as cancelled_at,
    cancelled_by,
    {{ known('refunded_at') }} as refunded_at,
    {{ known('returned_at') }} as returned_at,
    refunded_amount,
    has_shipping_times,
    has_payment_times,
    has_amounts,
    {{ known('payment_at') }} as payment_at,
    case
        when
            cancelled_by = 'buyer'
            and not coalesce(
                least(shipped_at, delivered_at, completed_at, shipped_by_status_at) <= cancelled_at, false
            )
            then {{ known('cancelled_at') }}
    end as called_off_at,
    -- What was delivered or accepted had been shipped, also where nobody wrote down when.
    coalesce(
        {{ known('shipped_at') }},
        {{ known('delivered_at') }},
        {{ known('completed_at') }},
        {{ known('shipped_by_status_at') }}
    ) as handed_over_at,
    updated_at,
    is_time_assumed,
    least(
        {{ upcoming('paid_at') }},
        {{ upcoming('payment_at') }},
        {{ upcoming('shipped_at') }},
        {{ upcoming('delivered_at') }},
        {{ upcoming('completed_at') }},
        {{ upcoming('cancelled_at') }},
        {{ upcoming('refunded_at') }},
        {{ upcoming('returned_at') }},
        {{ upcoming('shipped_by_status_at') }}
    ) as next_event_at
from ({{ effective_rows }}) as effective
where created_at <= {{ as_of() }}

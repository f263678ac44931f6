{{ config(
    materialized='incremental_by_key',
    key=['seller_id', 'day'],
    stored_by=['seller_id', 'day'],
    stale='stale_order_days',
) }}
{%- set lists = source('standing', 'stale_order_days') -%}

with orders as (

    select
        orders.*,
        orders.outcome = 'completed' as is_completed,
        orders.outcome = 'cancelled'
        and coalesce(orders.cancelled_by = 'seller', false) as is_own_cancellation
    from {{ ref('int_order_facts') }} as orders
    where orders.first_day is not null

),

-- An order has a part in each day on which something happened to it that a rate goes by.
days as (

    select
        orders.*,
        parts.day
    from orders
    {% if not everything_is_derived() -%}
        inner join {{ lists }} as stale
            on orders.seller_id = stale.seller_id and stale.day between orders.first_day and orders.last_day
    {%- endif %}
    cross join
        lateral (
            values
            {{ order_days_once('orders') }}
        ) as parts (day)
    where parts.day {{ 'is not null' if everything_is_derived() else '= stale.day' }}

),

final as (

    select
        seller_id,
        day,
        is_excluded,
        {{ tally('evaluated', 'evaluated_on = day', 'evaluated_at') }},
        count(*) filter (where evaluated_on = day and handed_over_at is not null) as fulfilled,
        {{ tally('shipped', 'shipped_on = day', 'shipped_at') }},
        coalesce(sum(processing_seconds) filter (where shipped_on = day), 0) as processing_seconds,
        {{ tally('promised', 'promised_on = day', 'delivered_at') }},
        count(*) filter (where promised_on = day and is_on_time) as on_time,
        {{ tally('resolved', 'resolved_on = day', 'resolved_at') }},
        {{ tally('completed', 'resolved_on = day and is_completed', 'resolved_at') }},
        coalesce(sum(amount) filter (where resolved_on = day and is_completed), 0) as revenue,
        count(*) filter (
            where resolved_on = day and is_completed and rating >= {{ policy('positive_rating_from') }}
        ) as positive,
        {{ tally('ended', "resolved_on = day and outcome != 'cancelled'", 'resolved_at') }},
        count(*) filter (where resolved_on = day and outcome = 'returned') as returned,
        count(*) filter (where resolved_on = day and is_disputed) as disputed,
        count(*) filter (where resolved_on = day and is_defect) as defective,
        -- What the forecast goes by.
        count(*) filter (where known_on = day and (is_problem or rating is not null)) as known,
        count(*) filter (where known_on = day and not is_problem and rating is null) as unreviewed,
        count(*) filter (where known_on = day and is_problem) as problems,
        count(*) filter (where known_on = day and rating is not null) as rated,
        count(*) filter (
            where known_on = day and rating <= {{ policy('discontent_rating_to') }}
        ) as discontent,
        coalesce(
            sum(greatest(processing_seconds, 3600 * {{ policy('processing_floor_hours') }}))
            filter (where shipped_on = day),
            0
        ) as floored_seconds,
        -- As the shop's person sees them.
        count(*) filter (where resolved_on = day and is_own_cancellation) as cancelled,
        {{ tally(
            'concluded',
            "resolved_on = day and (outcome != 'cancelled' or is_own_cancellation)",
            'resolved_at'
        ) }},
        -- And as their trust does.
        count(*) filter (where resolved_on = day and is_completed and lifts_trust) as trusted_orders,
        coalesce(
            sum(amount) filter (where resolved_on = day and is_completed and lifts_trust), 0
        ) as trusted_value,
        {{ tally(
            'clean',
            'resolved_on = day and is_completed and lifts_trust and lost_by_seller_at is null',
            'resolved_at'
        ) }},
        {{ tally(
            'own_cancellations', 'resolved_on = day and is_own_cancellation and lowers_trust', 'resolved_at'
        ) }},
        {{ tally('disputes_lost', 'lost_by_seller_on = day and lowers_trust', 'lost_by_seller_at') }}
    from days
    group by seller_id, day, is_excluded

)

select * from final

{{ config(kind='view') }}

with orders as (

    select orders.* from {{ ref('stg_orders') }} as orders
    {{ only_stale('orders', 'order_id', source('standing', 'stale_orders')) }}

),

sellers as (

    select * from {{ ref('stg_sellers') }}

),

upcoming_sellers as (

    select * from {{ ref('stg_upcoming_sellers') }}

),

order_returns as (

    select
        sent_back.order_id,
        min(sent_back.completed_at) as returned_at,
        min(sent_back.next_event_at) as next_event_at
    from {{ ref('stg_returns') }} as sent_back
    {{ only_stale('sent_back', 'order_id', source('standing', 'stale_orders')) }}
    group by sent_back.order_id

),

-- Lost at the newest decision: one more decision never takes a loss out of a window.
order_disputes as (

    select
        disputes.order_id,
        min(disputes.opened_at) as disputed_at,
        max(disputes.resolved_at) filter (where disputes.decided_against = 'buyer') as lost_by_buyer_at,
        max(disputes.resolved_at) filter (where disputes.decided_against = 'seller') as lost_by_seller_at,
        min(disputes.next_event_at) as next_event_at
    from {{ ref('stg_disputes') }} as disputes
    {{ only_stale('disputes', 'order_id', source('standing', 'stale_orders')) }}
    group by disputes.order_id

),

excluded_orders as (

    select
        exclusions.order_id,
        min(exclusions.decided_at) as excluded_at,
        min(exclusions.next_event_at) as next_event_at
    from {{ ref('stg_order_exclusions') }} as exclusions
    {{ only_stale('exclusions', 'order_id', source('standing', 'stale_orders')) }}
    group by exclusions.order_id

),

-- A refund that names no amount, or the whole one, is a return; a smaller one lowers the amount.
refunded as (

    select
        *,
        case
            when
                refunded_at is not null and coalesce(refunded_amount >= total_amount, true)
                then refunded_at
        end as fully_refunded_at,
        case
            when refunded_at is not null and refunded_amount < total_amount then refunded_amount
            else 0
        end as partial_refund
    from orders

),

joined as (

    select
        refunded.*,
        sellers.user_id as seller_user_id,
        least(order_returns.returned_at, refunded.fully_refunded_at, refunded.returned_at) as came_back_at,
        order_disputes.disputed_at,
        order_disputes.lost_by_buyer_at,
        order_disputes.lost_by_seller_at,
        excluded_orders.excluded_at is not null as is_excluded,
        least(
            refunded.next_event_at,
            order_returns.next_event_at,
            order_disputes.next_event_at,
            excluded_orders.next_event_at,
            upcoming_sellers.next_event_at
        ) as next_step_at
    from refunded
    left join sellers on refunded.seller_id = sellers.seller_id
    left join upcoming_sellers on refunded.seller_id = upcoming_sellers.seller_id
    left join order_returns on refunded.order_id = order_returns.order_id
    left join order_disputes on refunded.order_id = order_disputes.order_id
    left join excluded_orders on refunded.order_id = excluded_orders.order_id

),

-- Exactly one outcome, the first that applies. An order from oneself counts nowhere.
final as (

    select
        order_id,
        buyer_id,
        seller_id,
        seller_user_id,
        created_at,
        coalesce(total_amount, 0) - partial_refund as amount,
        -- Trust rises by what is left of an order after refunds, and falls by what it was placed for: a
        -- refund hides nothing.
        coalesce(total_amount, 0) - partial_refund >= {{ policy('min_counted_amount') }}
        or not has_amounts as lifts_trust,
        coalesce(total_amount, 0) >= {{ policy('min_counted_amount') }} or not has_amounts as lowers_trust,
        case
            when cancelled_at is not null then 'cancelled'
            when came_back_at is not null then 'returned'
            when completed_at is not null then 'completed'
            else 'open'
        end as outcome,
        coalesce(cancelled_at, came_back_at, completed_at) as resolved_at,
        cancelled_by,
        paid_at,
        -- What nobody paid counts neither for nor against the shop. A lost dispute says that there was
        -- something to lose.
        coalesce(not has_payment_times, false)
        or payment_at is not null
        or lost_by_seller_at is not null as is_paid,
        ship_by,
        shipped_at,
        has_shipping_times,
        handed_over_at,
        promised_at,
        delivered_at,
        disputed_at,
        lost_by_buyer_at,
        lost_by_seller_at,
        is_excluded,
        next_step_at as next_event_at
    from joined
    where buyer_id is distinct from seller_user_id

)

select * from final

{{ config(
    materialized='kept',
    key=['seller_id', 'summed_on'],
    unique=true,
    stored_by=['seller_id', 'summed_on'],
    stale='stale_order_days',
) }}

with orders as (

    select orders.* from {{ ref('int_judged_orders') }} as orders
    {{ only_stale('orders', ['seller_id', 'summed_on'], source('standing', 'stale_order_days')) }}
    where orders.summed_on is not null

),

-- As seen from no window, and as the shop's person sees them.
flagged as (

    select
        {{ seller_order_flags("'-infinity'::timestamptz") }},
        orders.outcome = 'cancelled' and coalesce(orders.cancelled_by = 'seller', false) as is_own_cancellation
    from orders

),

final as (

    select
        seller_id,
        summed_on,
        coalesce(sum(amount) filter (where is_completed), 0) as revenue,
        {{ seller_lifetime_tallies('true') }},
        {{ seller_order_tallies('true') }},
        {{ tally('clean', 'is_completed and lost_by_seller_at is null', 'resolved_at') }},
        {{ tally('own_cancellations', 'is_own_cancellation', 'resolved_at') }},
        {{ tally('disputes_lost', 'lost_by_seller_at is not null', 'lost_by_seller_at') }},
        {{ tally('concluded', "outcome != 'cancelled' or is_own_cancellation", 'resolved_at') }}
    from flagged
    group by seller_id, summed_on

)

select * from final

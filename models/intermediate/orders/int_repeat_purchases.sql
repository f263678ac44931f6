{{ config(
    materialized='incremental_by_key',
    key=['buyer_id', 'seller_id'],
    stored_by=['seller_id'],
    stale='stale_customers',
    indexes=[{'columns': ['seller_id']}],
) }}

with purchases as (

    select
        orders.order_id,
        orders.seller_id,
        orders.buyer_id,
        orders.resolved_at as bought_at,
        orders.lifts_trust,
        orders.is_excluded
    from {{ ref('int_order_facts') }} as orders
    {{ only_stale('orders', ['buyer_id', 'seller_id'], source('standing', 'stale_customers')) }}
    where orders.outcome = 'completed'

),

-- What the same buyer had bought there before; excluded orders make a customer, but no rate.
counted as (

    select
        seller_id,
        buyer_id,
        bought_at,
        count(*) over before_it as raw_earlier,
        max(bought_at) over before_it as raw_last_bought_at,
        case
            when lifts_trust then count(*) filter (where lifts_trust) over before_it
        end as trusted_earlier,
        case
            when not is_excluded then count(*) filter (where not is_excluded) over before_it
        end as earlier,
        case
            when not is_excluded then max(bought_at) filter (where not is_excluded) over before_it
        end as last_bought_at
    from purchases
    window before_it as (
        partition by buyer_id, seller_id
        order by bought_at, order_id
        rows between unbounded preceding and 1 preceding
    )

),

final as (

    select
        seller_id,
        buyer_id,
        bought_at,
        raw_earlier,
        raw_last_bought_at,
        trusted_earlier,
        earlier,
        last_bought_at
    from counted
    where raw_earlier > 0

)

select * from final

-- Empty while max_orders_per_partner is 0: the filter is evaluated once, and nothing else is read.
with purchases as not materialized (

    select * from {{ ref('int_purchases') }}
    where is_completed and lifts_trust and {{ policy('max_orders_per_partner') }} > 0

),

shops as (

    select
        sellers.seller_id,
        sellers.user_id
    from {{ ref('stg_sellers') }} as sellers
    {{ only_due('sellers', 'user_id', ref('int_due_users')) }}
    where sellers.user_id is not null

),

sales as not materialized (

    select * from {{ ref('int_order_facts') }}
    where outcome = 'completed' and lifts_trust and {{ policy('max_orders_per_partner') }} > 0

),

sides as (

    select
        user_id,
        order_id,
        counterparty_id,
        amount,
        resolved_at,
        resolved_on,
        is_excluded,
        lost_at is null as is_clean,
        false as is_sale
    from purchases
    union all
    select
        shops.user_id,
        sales.order_id,
        sales.buyer_id as counterparty_id,
        sales.amount,
        sales.resolved_at,
        sales.resolved_on,
        sales.is_excluded,
        sales.lost_by_seller_at is null as is_clean,
        true as is_sale
    from shops
    inner join sales on shops.seller_id = sales.seller_id

),

-- The newest with a partner count, those that leave the rates after all others. So one more never takes
-- away.
final as (

    select
        *,
        row_number() over (
            partition by user_id, counterparty_id
            order by is_excluded asc, resolved_at desc, order_id asc
        ) <= {{ policy('max_orders_per_partner') }} as is_within
    from sides

)

select * from final

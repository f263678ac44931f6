with user_orders as (

    select * from {{ ref('int_user_orders') }}
    where completed_orders > 0

),

sellers as (

    select
        sellers.seller_id,
        sellers.user_id
    from {{ ref('stg_sellers') }} as sellers
    {{ only_due('sellers', 'user_id', ref('int_due_users')) }}
    where sellers.user_id is not null

),

orders as not materialized (

    select * from {{ ref('int_order_facts') }}
    where outcome = 'completed' and lifts_trust

),

shops as (

    select
        sellers.user_id,
        sellers.seller_id,
        count(*) filter (where repeats.trusted_earlier > 0) as repeats
    from sellers
    left join {{ ref('int_repeat_purchases') }} as repeats on sellers.seller_id = repeats.seller_id
    group by sellers.user_id, sellers.seller_id

),

repeats as (

    select
        user_id,
        sum(repeats)::bigint as repeats,
        count(*) as shops
    from shops
    group by user_id

),

-- Who buys in two shops of one person is one buyer.
several as (

    select
        sellers.user_id,
        count(distinct orders.buyer_id) as buyers
    from sellers
    inner join repeats on sellers.user_id = repeats.user_id
    inner join orders on sellers.seller_id = orders.seller_id
    where repeats.shops > 1
    group by sellers.user_id

),

bought as (

    select
        user_id,
        counterparty_id
    from {{ ref('int_purchases') }}
    where is_completed and lifts_trust
    group by user_id, counterparty_id

),

-- Who bought here and whose shop was bought from is one, too.
mutual as (

    select
        bought.user_id,
        bought.counterparty_id
    from bought
    inner join sellers on bought.user_id = sellers.user_id
    inner join orders on bought.counterparty_id = orders.buyer_id and sellers.seller_id = orders.seller_id
    group by bought.user_id, bought.counterparty_id

),

suppliers as (

    select
        bought.user_id,
        count(*) filter (where mutual.user_id is null) as suppliers
    from bought
    left join mutual on bought.user_id = mutual.user_id and bought.counterparty_id = mutual.counterparty_id
    group by bought.user_id

),

-- A shop has as many buyers as counted orders that repeat none.
final as (

    select
        user_orders.user_id,
        coalesce(suppliers.suppliers, 0)
        + coalesce(
            several.buyers,
            user_orders.sales_to_partners
            - coalesce(repeats.repeats, 0)
        ) as counterparties
    from user_orders
    left join suppliers on user_orders.user_id = suppliers.user_id
    left join several on user_orders.user_id = several.user_id
    left join repeats on user_orders.user_id = repeats.user_id

)

select * from final

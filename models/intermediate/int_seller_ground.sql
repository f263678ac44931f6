with due_sellers as (

    select * from {{ ref('int_due_sellers') }}

),

products as (

    select * from {{ ref('stg_products') }}
    where status = 'active'

),

payouts as (

    select * from {{ ref('stg_payouts') }}

),

listings as (

    select
        products.seller_id,
        count(*) as active_listings,
        count(*) filter (where products.stock <= 0) as sold_out_listings,
        round(avg(products.stock), 2) as avg_stock_level
    from products
    inner join due_sellers on products.seller_id = due_sellers.seller_id
    group by products.seller_id

),

balances as (

    select
        payouts.seller_id,
        sum(payouts.amount) filter (where payouts.status = 'pending' and payouts.created_at is not null) as pending_balance,
        sum(payouts.amount) filter (where payouts.status = 'available' and payouts.created_at is not null) as available_balance,
        sum(payouts.amount) filter (where payouts.status = 'withdrawn' and payouts.created_at is not null) as total_withdrawn,
        min(payouts.next_event_at) as next_event_at
    from payouts
    inner join due_sellers on payouts.seller_id = due_sellers.seller_id
    group by payouts.seller_id

),

final as (

    select
        due_sellers.seller_id,
        coalesce(listings.active_listings, 0) as active_listings,
        coalesce(listings.sold_out_listings, 0) as sold_out_listings,
        coalesce(listings.avg_stock_level, 0) as avg_stock_level,
        coalesce(balances.pending_balance, 0) as pending_balance,
        coalesce(balances.available_balance, 0) as available_balance,
        coalesce(balances.total_withdrawn, 0) as total_withdrawn,
        balances.next_event_at
    from due_sellers
    left join listings on due_sellers.seller_id = listings.seller_id
    left join balances on due_sellers.seller_id = balances.seller_id

)

select * from final

{{ config(
    materialized='incremental_by_key',
    of='members',
    sources=['seller_profiles', 'products', 'payouts'],
    key=['seller_id'],
    unique=true,
    stale='stale_seller_stock_and_balances',
    partial_indexes={'next_step_at': 'next_step_at is not null'},
) }}

with products as (

    select products.* from {{ ref('stg_products') }} as products
    {{ only_stale('products', 'seller_id', source('standing', 'stale_seller_stock_and_balances')) }}
    where products.status = 'active'

),

payouts as (

    select payouts.* from {{ ref('stg_payouts') }} as payouts
    {{ only_stale('payouts', 'seller_id', source('standing', 'stale_seller_stock_and_balances')) }}

),

listings as (

    select
        seller_id,
        count(*) as active_listings,
        count(*) filter (where stock <= 0) as sold_out_listings,
        round(avg(stock), 2) as avg_stock_level
    from products
    group by seller_id

),

balances as (

    select
        seller_id,
        sum(amount) filter (where status = 'pending' and created_at is not null) as pending_balance,
        sum(amount) filter (where status = 'available' and created_at is not null) as available_balance,
        sum(amount) filter (where status = 'withdrawn' and created_at is not null) as total_withdrawn,
        min(next_event_at) as next_step_at
    from payouts
    group by seller_id

),

final as (

    select
        coalesce(listings.seller_id, balances.seller_id) as seller_id,
        coalesce(listings.active_listings, 0) as active_listings,
        coalesce(listings.sold_out_listings, 0) as sold_out_listings,
        coalesce(listings.avg_stock_level, 0) as avg_stock_level,
        coalesce(balances.pending_balance, 0) as pending_balance,
        coalesce(balances.available_balance, 0) as available_balance,
        coalesce(balances.total_withdrawn, 0) as total_withdrawn,
        balances.next_step_at
    from listings
    full outer join balances on listings.seller_id = balances.seller_id

)

select * from final

with orders as (

    select
        'orders' as source,
        order_id::text as row_key,
        quarantine_reason as reason
    from {{ ref('base_orders') }}

),

reviews as (

    select
        'reviews' as source,
        review_id::text as row_key,
        quarantine_reason as reason
    from {{ ref('base_reviews') }}

),

final as (

    select * from orders
    where reason is not null
    union all
    select * from reviews
    where reason is not null

)

select * from final

-- What the application says will come: until then it counts nowhere, and then the scores change by themselves.
with orders as (

    select * from {{ ref('base_orders') }}
    where created_at > {{ as_of() }}

),

reviews as (

    select * from {{ ref('base_reviews') }}
    where created_at > {{ as_of() }}

),

final as (

    select
        order_id,
        buyer_id as user_id,
        seller_id,
        created_at as next_event_at
    from orders
    union all
    select
        order_id,
        reviewer_id as user_id,
        seller_id,
        created_at as next_event_at
    from reviews

)

select * from final

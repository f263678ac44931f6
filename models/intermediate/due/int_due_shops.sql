{{ config(looked_up=['seller_id', 'user_id']) }}

with due_users as (

    select * from {{ ref('int_due_users') }}

),

due_sellers as (

    select * from {{ ref('int_due_sellers') }}

),

sellers as (

    select * from {{ ref('stg_sellers') }}

),

-- What a shop sold counts for the person behind it.
final as (

    select
        seller_id,
        user_id
    from due_sellers
    union
    select
        sellers.seller_id,
        sellers.user_id
    from due_users
    inner join sellers on due_users.user_id = sellers.user_id

)

select * from final

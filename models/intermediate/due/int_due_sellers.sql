{{ config(looked_up=['seller_id', 'user_id']) }}

with due_sellers as (

    select * from {{ source('standing', 'due_sellers') }}

),

sellers as (

    select * from {{ ref('stg_sellers') }}

),

final as (

    select
        sellers.seller_id,
        sellers.user_id
    from due_sellers
    inner join sellers on due_sellers.seller_id = sellers.seller_id

)

select * from final

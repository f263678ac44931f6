{{ config(looked_up=['user_id']) }}

with due_users as (

    select * from {{ ref('int_due_users') }}

),

due_sellers as (

    select * from {{ ref('int_due_sellers') }}

),

-- A shop's performance shows how its person answers.
final as (

    select user_id from due_users
    union
    select user_id from due_sellers
    where user_id is not null

)

select * from final

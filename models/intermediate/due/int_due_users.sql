{{ config(looked_up=['user_id']) }}

with due_users as (

    select * from {{ source('standing', 'due_users') }}

),

users as (

    select * from {{ ref('stg_users') }}

),

-- Who is gone is due, too, but has no row any more.
final as (

    select users.user_id
    from due_users
    inner join users on due_users.user_id = users.user_id

)

select * from final

with due_users as (

    select * from {{ ref('int_due_users') }}

),

sides as (

    select * from {{ ref('int_user_order_sides') }}
    where outcome = 'completed'

),

pairs as (

    select
        sides.user_id,
        sides.counterparty_id
    from sides
    inner join due_users on sides.user_id = due_users.user_id
    group by sides.user_id, sides.counterparty_id

),

final as (

    select
        user_id,
        count(*) as counterparties
    from pairs
    group by user_id

)

select * from final

with due_users as (

    select * from {{ ref('int_due_users') }}

),

sides as (

    select * from {{ ref('int_user_order_sides') }}

),

recent as (

    select
        due_users.user_id,
        count(*) as resolved
    from due_users
    inner join sides on due_users.user_id = sides.user_id
    where
        sides.resolved_at > {{ days_ago(policy('evaluation_window_days')) }}
        and not sides.is_excluded
    group by due_users.user_id

),

final as (

    select
        due_users.user_id,
        (case
            when recent.resolved >= {{ policy('evaluation_min_resolved') }} then {{ policy('evaluation_window_days') }}
            else {{ policy('evaluation_long_window_days') }}
        end)::integer as window_days
    from due_users
    left join recent on due_users.user_id = recent.user_id

)

select * from final

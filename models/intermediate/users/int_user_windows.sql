with due_users as (

    select * from {{ ref('int_due_users') }}

),

sides as (

    select * from {{ ref('int_user_order_sides') }}
    where not is_excluded

),

days as (

    select * from {{ ref('int_due_order_days') }}
    where is_whole

),

-- Orders one by one and in whole days.
resolved as (

    select
        user_id,
        resolved_at,
        1 as number
    from sides
    union all
    select
        user_id,
        resolved_first_at as resolved_at,
        resolved as number
    from days

),

recent as (

    select
        due_users.user_id,
        sum(resolved.number) as resolved
    from due_users
    inner join resolved on due_users.user_id = resolved.user_id
    where resolved.resolved_at >= {{ window_start(policy('evaluation_window_days')) }}
    group by due_users.user_id

),

counted as (

    select
        due_users.user_id,
        coalesce(recent.resolved >= {{ policy('evaluation_min_resolved') }}, false) as is_enough
    from due_users
    left join recent on due_users.user_id = recent.user_id

),

final as (

    select
        user_id,
        case
            when is_enough then {{ policy('evaluation_window_days') }}
            else {{ policy('evaluation_long_window_days') }}
        end::integer as window_days,
        case
            when is_enough then {{ window_start(policy('evaluation_window_days')) }}
            else {{ window_start(policy('evaluation_long_window_days')) }}
        end as window_start
    from counted

)

select * from final

with sides as (

    select * from {{ ref('int_user_order_sides') }}
    where is_excluded

),

windows as (

    select * from {{ ref('int_user_windows') }}

),

flagged as (

    select {{ user_order_flags() }}
    from sides
    inner join windows on sides.user_id = windows.user_id

),

final as (

    select
        user_id,
        {{ user_order_tallies('is_excluded') }}
    from flagged
    group by user_id

)

select * from final

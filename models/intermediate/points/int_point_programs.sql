{{ config(looked_up=['user_id']) }}

with due_users as (

    select * from {{ ref('int_due_users') }}

),

programs as (

    select * from {{ ref('stg_loyalty_programs') }}

),

entries as (

    select * from {{ ref('int_point_entries') }}

),

openings as (

    select * from {{ source('state', 'loyalty_openings') }}

),

-- All of them, also those that are dated later: the balance is of now.
ledgers as (

    select
        user_id,
        sum(signed_amount) filter (where is_confirmed) as amount
    from entries
    group by user_id

),

final as (

    select
        due_users.user_id,
        programs.user_id is not null as has_program,
        programs.tier,
        programs.tier_achieved_at,
        coalesce(openings.opening, 0)::numeric as opening,
        coalesce(programs.points_balance, 0)
        = coalesce(openings.opening, 0) + coalesce(ledgers.amount, 0) as agrees
    from due_users
    left join programs on due_users.user_id = programs.user_id
    left join ledgers on due_users.user_id = ledgers.user_id
    left join openings on due_users.user_id = openings.user_id

)

select * from final

with due_users as (

    select * from {{ ref('int_due_users') }}

),

users as (

    select * from {{ ref('stg_users') }}

),

message_days as (

    select * from {{ ref('int_message_days') }}
    where last_sent_at is not null

),

purchases as (

    select * from {{ ref('int_purchases') }}

),

reviews as (

    select * from {{ ref('int_review_facts') }}
    where is_known and created_at is not null

),

-- What members did themselves: bought, wrote, reviewed, came.
acts as (

    select
        user_id,
        created_at as acted_at
    from purchases
    union all
    select
        message_days.user_id,
        message_days.last_sent_at as acted_at
    from message_days
    inner join due_users on message_days.user_id = due_users.user_id
    union all
    select
        reviews.reviewer_id as user_id,
        reviews.created_at as acted_at
    from reviews
    inner join due_users on reviews.reviewer_id = due_users.user_id
    union all
    select
        users.user_id,
        users.last_login_at as acted_at
    from users
    inner join due_users on users.user_id = due_users.user_id
    where users.last_login_at is not null

),

-- A member's acts of one business day are one row; days too old to count are one row together.
days as (

    select
        acts.user_id,
        {{ counted_day('acts.acted_at') }} as day,
        max(acts.acted_at) as last_act_at
    from acts
    group by acts.user_id, day

),

counted as (

    select
        user_id,
        max(last_act_at) as last_act_at,
        count(*) filter (where day > {{ business_day(as_of()) }} - {{ policy('active_days') }}::integer)
            as active_days,
        min(day) filter (where day > {{ business_day(as_of()) }} - {{ policy('active_days') }}::integer)
            as first_active_day
    from days
    group by user_id

),

final as (

    select
        user_id,
        last_act_at,
        active_days,
        {{ start_of_day('first_active_day + ' ~ policy('active_days') ~ '::integer') }} as next_step_at
    from counted

)

select * from final

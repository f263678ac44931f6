with due_users as (

    select * from {{ ref('int_due_users') }}

),

entries as (

    select * from {{ ref('int_point_entries') }}

),

keys as (

    select * from {{ ref('int_point_keys') }}

),

ends as (

    select * from {{ ref('int_point_ends') }}

),

programs as (

    select * from {{ ref('int_point_programs') }}

),

orders as not materialized (

    select * from {{ ref('int_order_facts') }}
    where next_event_at is not null

),

ledgers as (

    select
        user_id,
        count(*) filter (where is_counted) as seen_rows,
        sum(amount) as seen_sum,
        count(*) filter (where is_counted and not is_of_a_key) as application_rows,
        coalesce(sum(amount) filter (where not is_of_a_key), 0) as application_sum,
        coalesce(sum(amount) filter (where not is_of_a_key and meaning != 'restore' and amount > 0), 0)
            as application_credits,
        min(next_event_at) as next_event_at
    from entries
    group by user_id

),

earned as (

    select
        user_id,
        sum(worth) as worth,
        sum(points) filter (where counts_from > {{ as_of() }}) as pending,
        min(counts_from) filter (where counts_from > {{ as_of() }}) as next_event_at
    from keys
    group by user_id

),

ended as (

    select
        user_id,
        sum(expired) filter (where ends_at <= {{ as_of() }}) as expired,
        min(ends_at) filter (where ends_at > {{ as_of() }} and expired > 0) as next_event_at
    from ends
    group by user_id

),

invitations as (

    select * from {{ ref('int_point_invitations') }}

),

-- What those whom a referrer brought will do concerns the referrer, and by the limits all of them.
brought as (

    select
        invitations.referrer_id,
        min(orders.next_event_at) as next_event_at
    from invitations
    inner join orders on invitations.referee_id = orders.buyer_id
    group by invitations.referrer_id

),

concerned as (

    select
        buyer_id as user_id,
        next_event_at
    from orders
    union all
    select
        referrer_id as user_id,
        next_event_at
    from brought
    union all
    select
        invitations.referee_id as user_id,
        brought.next_event_at
    from invitations
    inner join brought on invitations.referrer_id = brought.referrer_id

),

upcoming as (

    select
        concerned.user_id,
        min(concerned.next_event_at) as next_event_at
    from concerned
    inner join due_users on concerned.user_id = due_users.user_id
    group by concerned.user_id

),

final as (

    select
        programs.user_id,
        programs.opening
        + coalesce(ledgers.application_credits, 0)
        + coalesce(earned.worth, 0) as points_lifetime,
        coalesce(earned.pending, 0) as points_pending,
        coalesce(ended.expired, 0) as points_expired,
        programs.opening + coalesce(ledgers.seen_sum, 0) as points_balance,
        coalesce(ledgers.seen_rows, 0) as seen_rows,
        coalesce(ledgers.seen_sum, 0) as seen_sum,
        coalesce(ledgers.application_rows, 0) as application_rows,
        coalesce(ledgers.application_sum, 0) as application_sum,
        programs.opening,
        least(
            ended.next_event_at, earned.next_event_at, upcoming.next_event_at, ledgers.next_event_at
        ) as valid_until,
        programs.agrees
    from programs
    left join ledgers on programs.user_id = ledgers.user_id
    left join earned on programs.user_id = earned.user_id
    left join ended on programs.user_id = ended.user_id
    left join upcoming on programs.user_id = upcoming.user_id

)

select * from final

{{ config(looked_up=['user_id']) }}

with due_users as (

    select * from {{ ref('int_due_users') }}

),

terms as (

    select * from {{ ref('int_point_terms') }}

),

users as (

    select * from {{ ref('stg_users') }}

),

orders as not materialized (

    select * from {{ ref('int_order_facts') }}
    where outcome = 'completed'

),

entries as (

    select * from {{ ref('int_point_entries') }}

),

-- By the terms in force at completion; an order from before them earns nothing.
order_points as (

    select
        orders.buyer_id as user_id,
        'order' as source,
        orders.order_id as source_id,
        floor(orders.amount / 100) * terms.points_per_100_baht as points,
        orders.resolved_at + make_interval(days => terms.hold_days) as counts_from
    from orders
    inner join due_users on orders.buyer_id = due_users.user_id
    inner join terms on orders.resolved_at >= terms.valid_from and orders.resolved_at < terms.valid_until

),

-- Who was welcomed before the start is not welcomed again.
welcomed as (

    select distinct user_id from entries
    where source = 'signup' and type = 'earn' and is_counted and not is_of_a_key

),

joined as (

    select
        users.user_id,
        greatest(users.created_at, {{ points_began_at() }}) as counts_from
    from users
    inner join due_users on users.user_id = due_users.user_id
    left join welcomed on users.user_id = welcomed.user_id
    where welcomed.user_id is null

),

signup_points as (

    select
        joined.user_id,
        'signup' as source,
        null::uuid as source_id,
        terms.welcome_bonus::numeric as points,
        joined.counts_from
    from joined
    inner join terms on joined.counts_from >= terms.valid_from and joined.counts_from < terms.valid_until

),

-- What the ledger says of a key already.
posted as (

    select
        user_id,
        source,
        source_id,
        amount as posted,
        1 as revision
    from entries
    where is_of_a_key and source != 'expiry'

),

keys as (

    select
        *,
        0 as posted,
        0 as revision
    from order_points
    where points > 0
    union all
    select
        *,
        0 as posted,
        0 as revision
    from signup_points
    where points > 0
    union all
    select
        user_id,
        source,
        source_id,
        0 as points,
        null as counts_from,
        posted,
        revision
    from posted

),

final as (

    select
        user_id,
        source,
        source_id,
        sum(points) as points,
        max(counts_from) as counts_from,
        coalesce(sum(points) filter (where counts_from <= {{ as_of() }}), 0) as worth,
        sum(posted) as posted,
        sum(revision)::integer as revision
    from keys
    group by user_id, source, source_id

)

select * from final

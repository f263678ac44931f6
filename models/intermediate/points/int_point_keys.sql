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

entries as not materialized (

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
    inner join terms on orders.resolved_at >= terms.orders_from and orders.resolved_at < terms.valid_until

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

referrals as (

    select
        referrals.referral_id,
        sides.user_id,
        sides.other_id,
        sides.bonus,
        referrals.counts_from
    from {{ ref('int_point_referrals') }} as referrals
    cross join
        lateral (
            values
            (referrals.referrer_id, referrals.referee_id, referrals.referrer_bonus),
            (referrals.referee_id, referrals.referrer_id, referrals.referee_bonus)
        ) as sides (user_id, other_id, bonus)
    inner join due_users on sides.user_id = due_users.user_id

),

-- What the application has given for a referral itself is not given again, and never taken back.
set_off as (

    select
        referrals.referral_id,
        referrals.user_id,
        sum(entries.amount) as points
    from referrals
    inner join entries
        on
            referrals.user_id = entries.user_id
            and entries.source = 'referral'
            and not entries.is_of_a_key
            and entries.source_id in (referrals.referral_id, referrals.other_id)
    group by referrals.referral_id, referrals.user_id

),

referral_points as (

    select
        referrals.user_id,
        'referral' as source,
        referrals.referral_id as source_id,
        greatest(referrals.bonus - greatest(ceil(coalesce(set_off.points, 0)), 0), 0) as points,
        referrals.counts_from
    from referrals
    left join set_off
        on referrals.user_id = set_off.user_id and referrals.referral_id = set_off.referral_id

),

-- What the ledger says of a key already.
posted as (

    select
        user_id,
        source,
        source_id,
        sum(amount) as posted,
        count(*)::integer as revision
    from entries
    where is_of_a_key and source != 'expiry'
    group by user_id, source, source_id

),

given as (

    select * from order_points
    where points > 0
    union all
    select * from signup_points
    where points > 0
    union all
    select * from referral_points
    where points > 0

),

-- A key without an id, the welcome, is the member's own.
final as (

    select
        coalesce(given.user_id, posted.user_id) as user_id,
        coalesce(given.source, posted.source) as source,
        coalesce(given.source_id, posted.source_id) as source_id,
        coalesce(given.points, 0) as points,
        given.counts_from,
        case when given.counts_from <= {{ as_of() }} then given.points else 0 end as worth,
        coalesce(posted.posted, 0) as posted,
        coalesce(posted.revision, 0) as revision
    from given
    full outer join posted
        on
            given.user_id = posted.user_id
            and given.source = posted.source
            and coalesce(given.source_id, given.user_id) = coalesce(posted.source_id, posted.user_id)

)

select * from final

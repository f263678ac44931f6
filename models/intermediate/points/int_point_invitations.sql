{{ config(looked_up=['referrer_id', 'referee_id']) }}

with due_users as (

    select * from {{ ref('int_due_users') }}

),

users as (

    select * from {{ ref('stg_users') }}

),

referrals as (

    select * from {{ ref('stg_referrals') }}
    where num_nulls(referral_id, referrer_id, referee_id, referred_at) = 0

),

-- The limits of a referrer are of all whom they brought, so who is due brings along all of these.
referrers as (

    select referrals.referrer_id
    from referrals
    inner join due_users on referrals.referrer_id = due_users.user_id
    union
    select referrals.referrer_id
    from referrals
    inner join due_users on referrals.referee_id = due_users.user_id

),

brought as (

    select distinct referrals.referee_id
    from referrals
    inner join referrers on referrals.referrer_id = referrers.referrer_id

),

-- Whoever invited a person first has brought them.
firsts as (

    select distinct on (referrals.referee_id) referrals.*
    from referrals
    inner join brought on referrals.referee_id = brought.referee_id
    order by referrals.referee_id asc, referrals.referred_at asc, referrals.referral_id asc

),

-- As a referrer is older than whom they bring, no circle of members can bring each other.
final as (

    select
        firsts.referral_id,
        firsts.referrer_id,
        firsts.referee_id,
        firsts.referred_at,
        referees.created_at as joined_at,
        greatest(referees.created_at, firsts.signed_up_at) as signed_up_at
    from firsts
    inner join users as referees on firsts.referee_id = referees.user_id
    inner join users as inviting on firsts.referrer_id = inviting.user_id
    where
        inviting.created_at < referees.created_at
        and not inviting.is_banned
        and not referees.is_banned

)

select * from final

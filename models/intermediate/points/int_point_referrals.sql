{{ config(looked_up=['referrer_id', 'referee_id']) }}

with invitations as (

    select * from {{ ref('int_point_invitations') }}

),

terms as (

    select * from {{ ref('int_point_terms') }}

),

orders as not materialized (

    select * from {{ ref('int_order_facts') }}
    where outcome = 'completed'

),

-- Orders that prove a new buyer, by the terms of their completion.
proofs as (

    select
        invitations.referral_id,
        invitations.referrer_id,
        invitations.referee_id,
        orders.order_id,
        orders.seller_id,
        orders.resolved_at + make_interval(days => terms.hold_days) as counts_from,
        terms.referral_bonus_referrer,
        terms.referral_bonus_referee,
        terms.referral_monthly_limit,
        terms.referral_shop_limit
    from invitations
    inner join orders on invitations.referee_id = orders.buyer_id
    inner join terms on orders.resolved_at >= terms.valid_from and orders.resolved_at < terms.valid_until
    where
        invitations.signed_up_at
        <= invitations.referred_at + make_interval(days => terms.referral_signup_days)
        and orders.resolved_at >= greatest(invitations.referred_at, invitations.joined_at)
        and orders.resolved_at
        <= invitations.joined_at + make_interval(days => terms.referral_purchase_days)
        and orders.amount >= terms.referral_min_amount
        and orders.seller_user_id is distinct from invitations.referrer_id

),

-- The first whose hold is over; if it comes back, the next one takes its place.
proven as (

    select distinct on (referral_id)
        *,
        {{ business_month('counts_from') }} as first_day
    from proofs
    order by referral_id asc, counts_from asc, order_id asc

),

of_shops as (

    select
        *,
        row_number() over (
            partition by referrer_id, first_day, seller_id
            order by counts_from, referral_id
        ) as place_in_shop
    from proven

),

-- What is over the limit of a shop takes no place of the month.
of_months as (

    select
        *,
        row_number() over (
            partition by referrer_id, first_day
            order by counts_from, referral_id
        ) as place_in_month
    from of_shops
    where place_in_shop <= referral_shop_limit

),

final as (

    select
        referral_id,
        referrer_id,
        referee_id,
        order_id,
        counts_from,
        referral_bonus_referrer as referrer_bonus,
        referral_bonus_referee as referee_bonus
    from of_months
    where place_in_month <= referral_monthly_limit

)

select * from final

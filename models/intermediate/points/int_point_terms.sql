with terms as (

    select * from {{ source('state', 'loyalty_terms') }}
    where valid_from <= {{ as_of() }}

),

-- Policy may let orders earn by the first terms for a time before them, too, and nothing else.
final as (

    select
        valid_from,
        case
            when row_number() over (order by valid_from) = 1
                then valid_from - make_interval(days => {{ policy('points_earlier_days') }}::integer)
            else valid_from
        end as orders_from,
        coalesce(lead(valid_from) over (order by valid_from), 'infinity') as valid_until,
        points_per_100_baht,
        welcome_bonus,
        referral_bonus_referrer,
        referral_bonus_referee,
        hold_days,
        validity_months,
        restored_grace_days,
        referral_signup_days,
        referral_purchase_days,
        referral_min_amount,
        referral_monthly_limit,
        referral_shop_limit
    from terms

)

select * from final

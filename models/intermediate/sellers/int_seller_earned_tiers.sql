{{ config(kind='view') }}

with due_sellers as (

    select * from {{ ref('int_due_sellers') }}

),

sellers as (

    select * from {{ ref('int_seller_tier_inputs') }}

),

tier_policy as (

    select * from {{ ref('tier_policy') }}

),

-- The highest tier whose orders, buyers and exact, unrounded mean are all reached.
placed as (

    select
        sellers.seller_id,
        sellers.completed_orders,
        sellers.buyers,
        sellers.counted_reviews,
        sellers.counted_sum,
        sellers.counted_reviews_first_at,
        sellers.counted_reviews_last_at,
        sellers.next_step_at,
        sellers.published_tier,
        sellers.published_tier_level,
        sellers.grace_days,
        sellers.published_achieved_at,
        sellers.published_grace_since,
        sellers.published_history,
        (
            select max(tier_policy.tier_level) from tier_policy
            where
                tier_policy.min_orders <= sellers.completed_orders
                and tier_policy.min_buyers <= sellers.buyers
                and (
                    tier_policy.min_rating is null
                    or (
                        sellers.counted_reviews > 0
                        and sellers.counted_sum >= tier_policy.min_rating * sellers.counted_reviews
                    )
                )
        ) as earned_level
    from due_sellers
    inner join sellers on due_sellers.seller_id = sellers.seller_id

),

-- Grace begins with the first run in which the tier is lost, and is over at once when it is earned again.
graced as (

    select
        placed.*,
        case
            when placed.earned_level < placed.published_tier_level and placed.grace_days > 0
                then coalesce(placed.published_grace_since, {{ as_of() }})
        end as grace_since
    from placed

),

timed as (

    select
        graced.*,
        graced.grace_since + make_interval(hours => 24 * graced.grace_days) as grace_until
    from graced

),

final as (

    select
        timed.*,
        coalesce(timed.grace_until > {{ as_of() }}, false) as is_in_grace,
        case
            when timed.grace_until > {{ as_of() }} then timed.published_tier_level
            else timed.earned_level
        end as tier_level
    from timed

)

select * from final

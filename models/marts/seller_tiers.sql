with due_sellers as (

    select * from {{ ref('int_due_sellers') }}

),

sellers as (

    select * from {{ ref('int_seller_standing') }}

),

tier_policy as (

    select * from {{ ref('tier_policy') }}

),

-- The highest tier whose orders and exact, unrounded mean are both reached.
placed as (

    select
        sellers.*,
        (
            select max(tier_policy.tier_level) from tier_policy
            where
                tier_policy.min_orders <= sellers.completed_orders
                and (
                    tier_policy.min_rating is null
                    or (sellers.total_reviews > 0 and sellers.rating_sum >= tier_policy.min_rating * sellers.total_reviews)
                )
        ) as tier_level
    from due_sellers
    inner join sellers on due_sellers.seller_id = sellers.seller_id

),

-- What was published is the past: a tier that has not moved keeps its date and its history.
compared as (

    select
        placed.*,
        tiers.tier,
        tiers.commission_rate,
        tiers.boost_multiplier,
        tiers.priority_support,
        tiers.benefits,
        next_tiers.tier as next_tier,
        next_tiers.min_orders as next_min_orders,
        next_tiers.min_rating as next_min_rating,
        (placed.published_tier is distinct from tiers.tier) as is_moved
    from placed
    inner join tier_policy as tiers on placed.tier_level = tiers.tier_level
    left join tier_policy as next_tiers on placed.tier_level + 1 = next_tiers.tier_level

),

final as (

    select
        seller_id,
        tier as current_tier,
        completed_orders,
        next_step_at as valid_until,
        jsonb_build_object(
            'current_tier', tier,
            'tier_level', tier_level,
            'benefits', benefits,
            'commission_rate', commission_rate,
            'boost_multiplier', boost_multiplier,
            'priority_support', priority_support,
            'tier_achieved_at', case
                when is_moved or published_achieved_at is null then {{ utc_text(as_of()) }}
                else published_achieved_at
            end,
            'tier_change_history', case
                when is_moved
                    then jsonb_build_array(jsonb_build_object(
                        'from', published_tier,
                        'to', tier,
                        'at', {{ utc_text(as_of()) }},
                        'reason', case
                            when tier_level > published_tier_level then 'requirements_met'
                            else 'requirements_lost'
                        end
                    ))
                else '[]'::jsonb
            end || published_history,
            'next_tier', case
                when next_tier is not null
                    then jsonb_build_object(
                        'tier', next_tier,
                        'orders_needed', greatest(next_min_orders - completed_orders, 0),
                        'rating_needed', case
                            when total_reviews > 0 and rating_sum >= next_min_rating * total_reviews then 0
                            else next_min_rating
                        end
                    )
            end,
            'evidence', jsonb_build_object(
                'completed_orders', completed_orders,
                'mean_rating', {{ rate_evidence('rating_sum', 'total_reviews', 'first_review_at', 'last_review_at') }}
            )
        ) as document
    from compared

)

select * from final

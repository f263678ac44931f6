with sellers as (

    select * from {{ ref('int_seller_earned_tiers') }}

),

tier_policy as (

    select * from {{ ref('tier_policy') }}

),

-- What was published is the past: a tier that has not moved keeps its date and its history.
compared as (

    select
        sellers.*,
        tiers.tier,
        tiers.commission_rate,
        tiers.boost_multiplier,
        tiers.priority_support,
        tiers.benefits,
        earned_tiers.tier as earned_tier,
        next_tiers.tier as next_tier,
        next_tiers.min_orders as next_min_orders,
        next_tiers.min_buyers as next_min_buyers,
        next_tiers.min_rating as next_min_rating,
        (sellers.published_tier is distinct from tiers.tier) as is_moved
    from sellers
    inner join tier_policy as tiers on sellers.tier_level = tiers.tier_level
    inner join tier_policy as earned_tiers on sellers.earned_level = earned_tiers.tier_level
    left join tier_policy as next_tiers on sellers.tier_level + 1 = next_tiers.tier_level

),

final as (

    select
        seller_id,
        tier as current_tier,
        completed_orders,
        least(next_step_at, case when is_in_grace then grace_until end) as valid_until,
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
                        'buyers_needed', greatest(next_min_buyers - buyers, 0),
                        'rating_needed', case
                            when
                                counted_reviews > 0
                                and counted_sum >= next_min_rating * counted_reviews then 0
                            else next_min_rating
                        end
                    )
            end,
            'evidence', jsonb_build_object(
                'completed_orders', completed_orders,
                'buyers', buyers,
                'mean_rating', {{ tally_evidence('counted_sum', 'counted_reviews') }}
            ) || case
                when is_in_grace
                    then jsonb_build_object('grace', jsonb_build_object(
                        'earned_tier', earned_tier,
                        'since', {{ utc_text('grace_since') }},
                        'until', {{ utc_text('grace_until') }}
                    ))
                else '{}'::jsonb
            end
        ) as document
    from compared

)

select * from final

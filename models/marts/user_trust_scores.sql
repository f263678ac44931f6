with cards as (

    select * from {{ ref('int_user_scorecards') }}

),

metrics as (

    select * from {{ ref('int_user_metrics') }}
    where has_exclusions

),

scorecard as (

    select * from {{ ref('scorecard_bins') }}

),

trust_levels as (

    select * from {{ ref('int_trust_levels') }}

),

scored as (

    select
        cards.*,
        greatest(50 + cards.points, 0)::numeric(4, 1) as overall_score,
        -- What the floor gave back, so that the factors still add up.
        greatest(-50 - cards.points, 0)::numeric(4, 1) as cap_points,
        least(cards.next_step_at, {{ leaves('cards.created_at', 'next_bin.first_days') }}) as valid_until
    from cards
    cross join lateral (
        select min(scorecard.lower_bound) as first_days from scorecard
        where scorecard.metric = 'account_age_days' and scorecard.lower_bound > cards.account_age_days
    ) as next_bin

),

levelled as (

    select
        scored.*,
        metrics.user_id is not null as has_exclusions,
        {% for tally in ('own_cancellations', 'disputes_lost', 'clean') -%}
            metrics.raw_{{ tally }},
            metrics.raw_{{ tally }}_first_at,
            metrics.raw_{{ tally }}_last_at,
        {% endfor -%}
        reached.level
    from scored
    left join metrics on scored.user_id = metrics.user_id
    left join lateral (
        select trust_levels.level from trust_levels
        where
            trust_levels.min_score <= scored.overall_score
            and trust_levels.min_completed_orders <= scored.completed_orders
            and trust_levels.min_counterparties <= scored.counterparties
            and (not scored.is_banned or trust_levels.rank = 1)
        order by trust_levels.rank desc
        limit 1
    ) as reached on true

),

final as (

    select
        user_id,
        overall_score,
        level,
        valid_until,
        jsonb_build_object(
            'overall_score', overall_score,
            'level', level,
            'identity_score', least(greatest(identity_value, 0), 100),
            'transaction_score', least(greatest(transaction_value, 0), 100),
            'behavior_score', least(greatest(behavior_value, 0), 100),
            'community_score', least(greatest(community_value, 0), 100),
            'factors', jsonb_build_object(
                'positive', case
                    when cap_points > 0
                        then jsonb_build_array(jsonb_build_object(
                            'code', 'cap',
                            'points', cap_points,
                            'label_en', 'A score does not fall below zero',
                            'label_th', 'คะแนนไม่ต่ำกว่าศูนย์',
                            'evidence', '{}'::jsonb
                        ))
                    else '[]'::jsonb
                end || coalesce(positive, '[]'::jsonb),
                'negative', coalesce(negative, '[]'::jsonb)
            ),
            'evidence', evidence || {{ raw_evidence('has_exclusions', {
                'own_cancellation_rate': ('raw_own_cancellations', 'raw_own_cancellations', 'raw_clean'),
                'dispute_loss_rate': ('raw_disputes_lost', 'raw_disputes_lost', 'raw_clean'),
            }) }},
            'last_calculated', {{ utc_text(as_of()) }},
            'next_review', {{ utc_text(next_review('user_id', 'valid_until')) }}
        ) as document
    from levelled

)

select * from final

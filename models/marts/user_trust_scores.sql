with metrics as (

    select * from {{ ref('int_user_metrics') }}

),

scorecard as (

    select * from {{ ref('int_scorecard') }}

),

trust_levels as (

    select * from {{ ref('int_trust_levels') }}

),

-- A new factor is one line here and its rows in the scorecard's seeds.
scored as (

    select
        metrics.user_id,
        metrics.created_at,
        metrics.is_banned,
        metrics.account_age_days,
        metrics.completed_orders,
        metrics.next_step_at,
        card.*
    from metrics
    cross join lateral (
        select
            sum(scorecard.points) as points,
            sum(scorecard.value) filter (where scorecard.category = 'identity') as identity_value,
            sum(scorecard.value) filter (where scorecard.category = 'transaction') as transaction_value,
            sum(scorecard.value) filter (where scorecard.category = 'behavior') as behavior_value,
            sum(scorecard.value) filter (where scorecard.category = 'community') as community_value,
            jsonb_agg({{ factor_json() }} order by scorecard.points desc, measured.metric asc)
            filter (where scorecard.points > 0) as positive,
            jsonb_agg({{ factor_json() }} order by scorecard.points asc, measured.metric asc)
            filter (where scorecard.points < 0) as negative,
            jsonb_object_agg(measured.metric, {{ metric_evidence() }})
            filter (where scorecard.kind = 'rate') as evidence
        from (
            values
            ('email_verified', metrics.email_verified::numeric, null::bigint, null::bigint, null::timestamptz, null::timestamptz),
            ('phone_verified', metrics.phone_verified, null, null, null, null),
            ('kyc_verified', metrics.kyc_verified, null, null, null, null),
            ('two_factor_enabled', metrics.two_factor_enabled, null, null, null, null),
            ('account_age_days', metrics.account_age_days, null, null, null, null),
            ('completed_orders_as_buyer', metrics.completed_orders_as_buyer, null, null, null, null),
            ('counterparties', metrics.counterparties, null, null, null, null),
            ('completed_value', metrics.completed_value, null, null, null, null),
            ('clean_orders', metrics.clean_orders, null, null, null, null),
            ('helpful_reviews', metrics.helpful_reviews, null, null, null, null),
            ('referrals', metrics.referrals, null, null, null, null),
            (
                'response_rate', null, metrics.threads_answered, metrics.threads_judged,
                metrics.first_thread_at, metrics.last_thread_at
            ),
            (
                'own_cancellation_rate', null, metrics.own_cancellations, metrics.own_cancellations + metrics.clean_orders,
                least(metrics.first_cancellation_at, metrics.first_clean_at),
                greatest(metrics.last_cancellation_at, metrics.last_clean_at)
            ),
            (
                'dispute_loss_rate', null, metrics.disputes_lost, metrics.disputes_lost + metrics.clean_orders,
                least(metrics.first_loss_at, metrics.first_clean_at),
                greatest(metrics.last_loss_at, metrics.last_clean_at)
            ),
            (
                'upheld_report_rate', null, metrics.upheld_reports, metrics.upheld_reports + metrics.clean_orders,
                least(metrics.first_report_at, metrics.first_clean_at),
                greatest(metrics.last_report_at, metrics.last_clean_at)
            ),
            (
                'warning_rate', null, metrics.warnings, metrics.warnings + metrics.clean_orders,
                least(metrics.first_warning_at, metrics.first_clean_at),
                greatest(metrics.last_warning_at, metrics.last_clean_at)
            ),
            (
                'positive_share', null, metrics.positive_ratings, metrics.ratings_received,
                metrics.first_rating_at, metrics.last_rating_at
            )
        ) as measured (metric, counted, num, den, first_at, last_at)
        inner join scorecard on measured.metric = scorecard.metric
        -- A rate is smoothed, (num + k·prior) / (den + k); multiplied out, so that ties are exact.
        and coalesce(measured.counted, 100 * measured.num + scorecard.smoothing_k * scorecard.smoothing_prior)
        >= scorecard.lower_bound * coalesce(measured.den + scorecard.smoothing_k, 1)
        and (
            scorecard.upper_bound is null
            or coalesce(measured.counted, 100 * measured.num + scorecard.smoothing_k * scorecard.smoothing_prior)
            < scorecard.upper_bound * coalesce(measured.den + scorecard.smoothing_k, 1)
        )
    ) as card

),

judged as (

    select
        scored.*,
        greatest(50 + scored.points, 0)::numeric(4, 1) as overall_score,
        -- What the floor gave back, so that the factors still add up.
        greatest(-50 - scored.points, 0)::numeric(4, 1) as cap_points,
        least(
            scored.next_step_at,
            scored.created_at + make_interval(hours => 24 * (
                select min(scorecard.lower_bound) from scorecard
                where scorecard.metric = 'account_age_days' and scorecard.lower_bound > scored.account_age_days
            )::integer)
        ) as valid_until
    from scored

),

levelled as (

    select
        judged.*,
        (
            select trust_levels.level from trust_levels
            where
                trust_levels.min_score <= judged.overall_score
                and trust_levels.min_completed_orders <= judged.completed_orders
                and (not judged.is_banned or trust_levels.rank = 1)
            order by trust_levels.rank desc
            limit 1
        ) as level
    from judged

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
                'positive', {{ cap_factor('cap_points') }} || coalesce(positive, '[]'::jsonb),
                'negative', coalesce(negative, '[]'::jsonb)
            ),
            'evidence', evidence,
            'last_calculated', {{ utc_text(as_of()) }},
            'next_review', {{ utc_text(next_review('user_id', 'valid_until')) }}
        ) as document
    from levelled

)

select * from final

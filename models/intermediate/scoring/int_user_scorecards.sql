{{ config(kind='view') }}

{#- rate → what is counted, and the tallies that sum to what it is a share of -#}
{%- set rates = {
    'response_rate': ('threads_answered', ('threads',)),
    'own_cancellation_rate': ('own_cancellations', ('own_cancellations', 'clean')),
    'dispute_loss_rate': ('disputes_lost', ('disputes_lost', 'clean')),
    'upheld_report_rate': ('reports', ('reports', 'clean')),
    'warning_rate': ('warnings', ('warnings', 'clean')),
    'positive_share': ('positive_ratings', ('ratings',)),
} -%}

with metrics as (

    select
        metrics.*,
        {{ business_day(as_of()) }} - {{ business_day('metrics.created_at') }} as account_age_days
    from {{ ref('int_user_metrics') }} as metrics
    {{ only_due('metrics', 'user_id', ref('int_due_users')) }}

),

scorecard as (

    select * from {{ ref('int_scorecard_metrics') }}

),

-- A new factor is one line here and its rows in the scorecard's seeds.
final as (

    select
        metrics.user_id,
        metrics.created_at,
        metrics.is_banned,
        metrics.account_age_days,
        metrics.completed_orders,
        metrics.counterparties,
        metrics.next_step_at,
        card.*
    from metrics
    cross join lateral (
        select
            sum(scored.points) as points,
            {% for category in ('identity', 'transaction', 'behavior', 'community') -%}
                sum(scored.bin_value) filter (where scorecard.category = '{{ category }}')
                    as {{ category }}_value,
            {% endfor -%}
            (
                json_agg({{ factor_json() }} order by scored.points desc, measured.metric asc)
                filter (where scored.points > 0)
            )::jsonb as positive,
            (
                json_agg({{ factor_json() }} order by scored.points asc, measured.metric asc)
                filter (where scored.points < 0)
            )::jsonb as negative,
            (
                json_object_agg(measured.metric, {{ metric_evidence() }})
                filter (where scorecard.kind = 'rate')
            )::jsonb as evidence
        from (
            values
            {% for metric in (
                'email_verified', 'phone_verified', 'kyc_verified', 'two_factor_enabled',
                'completed_orders_as_buyer', 'counterparties', 'completed_value', 'helpful_reviews',
                'referrals'
            ) -%}
                (
                    '{{ metric }}', metrics.{{ metric }}::numeric,
                    null::bigint, null::bigint, null::timestamptz, null::timestamptz
                ),
            {% endfor -%}
            ('clean_orders', metrics.raw_clean, null, null, null, null),
            ('account_age_days', metrics.account_age_days, null, null, metrics.created_at, null),
            {% for metric, (num, others) in rates.items() -%}
                (
                    '{{ metric }}',
                    null,
                    metrics.{{ num }},
                    metrics.{{ others | join(' + metrics.') }},
                    least(
                        {% for one in others -%}
                            metrics.{{ one }}_first_at{{ ',' if not loop.last }}
                        {% endfor -%}
                    ),
                    greatest(
                        {% for one in others -%}
                            metrics.{{ one }}_last_at{{ ',' if not loop.last }}
                        {% endfor -%}
                    )
                ){{ ',' if not loop.last }}
            {% endfor -%}
        ) as measured (metric, counted, num, den, first_at, last_at)
        inner join scorecard on measured.metric = scorecard.metric
        cross join
            lateral (
                -- A rate is smoothed, (num + k·prior) / (den + k).
                select
                    {{ bin_reached(
                        'coalesce(
                            measured.counted,
                            (100 * measured.num + scorecard.smoothing_k * scorecard.smoothing_prior)
                            / (measured.den + scorecard.smoothing_k)
                        )',
                        'scorecard.lower_bounds'
                    ) }} as bin
            ) as reached
        cross join
            lateral (
                select
                    scorecard.bin_values[reached.bin] as bin_value,
                    scorecard.bin_points[reached.bin] as points
            ) as scored
    ) as card

)

select * from final

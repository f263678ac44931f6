with behavior as (

    select behavior.* from {{ ref('int_user_behavior') }} as behavior
    {{ only_due('behavior', 'user_id', ref('int_due_users')) }}

),

risk_rules as (

    select * from {{ ref('risk_rules') }}

),

-- Rates are compared after multiplying out, so that a rate of exactly the limit meets it.
with_risk as (

    select
        behavior.*,
        {{ percentage('completed', 'concluded') }} as completion_rate,
        {{ percentage('cancelled', 'resolved') }} as cancellation_rate,
        {{ percentage('disputed', 'resolved') }} as dispute_rate,
        coalesce(risk.risk_level, 'low') as risk_level,
        coalesce(risk.risk_factors, '[]'::jsonb) as risk_factors
    from behavior
    cross join lateral (
        select
            case
                when bool_or(risk_rules.risk_level = 'high') then 'high'
                when bool_or(risk_rules.risk_level = 'medium') then 'medium'
            end as risk_level,
            jsonb_agg(risk_rules.code order by risk_rules.risk_level asc, risk_rules.code asc)
                as risk_factors
        from (
            values
            ('cancellation_rate', 100 * behavior.cancelled, behavior.resolved),
            ('dispute_rate', 100 * behavior.disputed, behavior.resolved),
            (
                'unanswered_rate',
                100 * (behavior.recent_threads - behavior.recent_threads_answered),
                behavior.recent_threads
            ),
            ('report_count', behavior.reports, null),
            ('warning_count', behavior.warnings, null)
        ) as measured (measure, num, den)
        inner join risk_rules
            on
                measured.measure = risk_rules.measure
                and measured.num >= risk_rules.at_least * coalesce(measured.den, 1)
                and (measured.den is null or measured.den >= greatest(risk_rules.min_evidence, 1))
    ) as risk

),

final as (

    select
        user_id,
        risk_level,
        completion_rate::numeric(6, 2) as completion_rate,
        cancellation_rate::numeric(6, 2) as cancellation_rate,
        dispute_rate::numeric(6, 2) as dispute_rate,
        response_rate::numeric(6, 2) as response_rate,
        valid_until,
        jsonb_build_object(
            'response_rate', response_rate,
            'response_time_avg', response_time_avg,
            'response_time_median', response_time_median,
            'completion_rate', completion_rate,
            'cancellation_rate', cancellation_rate,
            'dispute_rate', dispute_rate,
            'last_active', {{ utc_text('last_active_at') }},
            'active_days_last_30', active_days,
            'avg_session_duration', avg_session_duration,
            'report_count', reports,
            'warning_count', warnings,
            'helpful_reviews_count', helpful_reviews,
            'risk_level', risk_level,
            'risk_factors', risk_factors,
            'evidence', jsonb_build_object(
                'response_rate', {{ tally_evidence('recent_threads_answered', 'recent_threads') }},
                'completion_rate', {{ tally_evidence('completed', 'concluded') }},
                'cancellation_rate', {{ tally_evidence('cancelled', 'resolved') }},
                'dispute_rate', {{ tally_evidence('disputed', 'resolved') }}
            ) || {{ raw_evidence('has_exclusions', {
                'completion_rate': ('raw_completed', 'raw_concluded'),
                'cancellation_rate': ('raw_cancelled', 'raw_resolved'),
                'dispute_rate': ('raw_disputed', 'raw_resolved'),
            }) }},
            'last_updated', {{ utc_text(as_of()) }}
        ) as document
    from with_risk

)

select * from final

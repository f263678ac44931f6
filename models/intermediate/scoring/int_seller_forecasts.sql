{{ config(kind='view') }}

with performance as (

    select performance.* from {{ ref('int_seller_performance') }} as performance
    {{ only_due('performance', 'seller_id', ref('int_due_sellers')) }}

),

card as (

    select * from {{ ref('int_problem_card') }}

),

rates as (

    select
        array_agg(points order by points asc)::numeric[] as lower_bounds,
        array_agg(rate order by points asc) as rates,
        array_agg(low order by points asc) as lows,
        array_agg(high order by points asc) as highs
    from {{ ref('problem_rates') }}

),

-- Counts, their unit, and those of late, which the value over life is the prior of.
scored as (

    select
        performance.seller_id,
        scored.*
    from performance
    cross join
        lateral (
            select
                sum(card.prior_points) as base,
                sum(card.bin_points[reached.bin]) as points,
                json_object_agg(
                    card.metric,
                    measured.evidence || jsonb_build_object(
                        'k', card.smoothing_k,
                        'prior', card.smoothing_prior,
                        'value', smoothed.value,
                        'points', card.bin_points[reached.bin] - card.prior_points
                    )
                )::jsonb as evidence
            from (
                values
                (
                    'problem_share', 100 * performance.problems, performance.known, 1, 0, 0, 1,
                    jsonb_build_object('num', performance.problems, 'den', performance.known)
                ),
                (
                    'discontent_share', 100 * performance.discontent, performance.rated, 1, 0, 0, 1,
                    jsonb_build_object('num', performance.discontent, 'den', performance.rated)
                ),
                (
                    'processing_hours',
                    performance.floored_seconds_ever,
                    performance.shipped_ever,
                    3600,
                    performance.floored_seconds_lately,
                    performance.shipped_lately,
                    {{ policy('processing_own_k') }},
                    jsonb_build_object(
                        'num', round(performance.floored_seconds_ever / 3600, 2),
                        'den', performance.shipped_ever,
                        'recent_num', round(performance.floored_seconds_lately / 3600, 2),
                        'recent_den', performance.shipped_lately,
                        'recent_k', {{ policy('processing_own_k') }}
                    )
                )
            ) as measured (metric, num, den, unit, recent_num, recent_den, recent_k, evidence)
            inner join card on measured.metric = card.metric
            cross join
                lateral (
                    select
                        measured.num + card.smoothing_k * card.smoothing_prior * measured.unit as num,
                        measured.den + card.smoothing_k as den
                ) as life
            cross join
                lateral (
                    select
                        {{ hundredths(
                            'measured.recent_num * life.den + measured.recent_k * life.num',
                            '(measured.recent_den + measured.recent_k) * life.den * measured.unit'
                        ) }} as value
                ) as smoothed
            cross join
                lateral (
                    select {{ bin_reached('smoothed.value', 'card.lower_bounds') }} as bin
                ) as reached
        ) as scored

),

foretold as (

    select
        scored.*,
        rates.rates,
        rates.lows,
        rates.highs,
        {{ bin_reached('scored.points', 'rates.lower_bounds') }} as bin
    from scored
    cross join rates

),

final as (

    select
        seller_id,
        rates[bin] as expected_problem_rate,
        jsonb_build_object('low', lows[bin], 'high', highs[bin]) as expected_problem_range,
        jsonb_build_object('base', base, 'points', points) || evidence as evidence
    from foretold

)

select * from final

-- The prior of a rate lies in a bin of no points, and every rate has a prior.
select
    metrics.metric,
    metrics.smoothing_prior,
    scorecard.value
from {{ ref('scorecard_metrics') }} as metrics
left join {{ ref('int_scorecard') }} as scorecard
    on
        metrics.metric = scorecard.metric
        and metrics.smoothing_prior >= scorecard.lower_bound
        and (scorecard.upper_bound is null or metrics.smoothing_prior < scorecard.upper_bound)
where
    metrics.kind = 'rate'
    and (metrics.smoothing_k is null or metrics.smoothing_k <= 0 or scorecard.value is distinct from 0)

-- The prior of a rate lies in a bin of no points, and every rate has a prior.
select
    'scorecard_metrics' as seed_name,
    metrics.metric as row_key,
    case
        when metrics.smoothing_k > 0 and metrics.smoothing_prior is not null
            then
                'members without evidence are given its prior ' || metrics.smoothing_prior
                || ', which lies in a bin of ' || coalesce(scorecard.value::text, 'no')
                || ' points and not 0'
        else 'a rate needs a smoothing_k above 0 and a smoothing_prior'
    end as what_is_wrong
from {{ ref('scorecard_metrics') }} as metrics
left join {{ ref('int_scorecard') }} as scorecard
    on
        metrics.metric = scorecard.metric
        and metrics.smoothing_prior >= scorecard.lower_bound
        and (scorecard.upper_bound is null or metrics.smoothing_prior < scorecard.upper_bound)
where
    metrics.kind = 'rate'
    and (metrics.smoothing_k is null or metrics.smoothing_k <= 0 or scorecard.value is distinct from 0)

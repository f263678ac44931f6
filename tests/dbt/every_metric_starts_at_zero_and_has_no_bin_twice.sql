-- Bins are given by their lower bounds: then only the first can leave a gap and only a repeated one overlap.
select
    metrics.metric,
    min(bins.lower_bound) as first_bound,
    count(*) as bins,
    count(distinct bins.lower_bound) as different_bounds
from {{ ref('scorecard_metrics') }} as metrics
left join {{ ref('scorecard_bins') }} as bins on metrics.metric = bins.metric
group by metrics.metric
having min(bins.lower_bound) is distinct from 0 or count(*) != count(distinct bins.lower_bound)

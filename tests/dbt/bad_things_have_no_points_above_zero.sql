select
    bins.metric,
    bins.lower_bound,
    bins.value
from {{ ref('scorecard_bins') }} as bins
inner join {{ ref('scorecard_metrics') }} as metrics on bins.metric = metrics.metric
where metrics.good_direction = 'down' and bins.value > 0

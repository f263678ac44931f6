-- So one decimal of the overall score is exact and nothing is rounded.
select
    bins.metric,
    bins.lower_bound,
    bins.value * categories.weight as points
from {{ ref('scorecard_bins') }} as bins
inner join {{ ref('scorecard_metrics') }} as metrics on bins.metric = metrics.metric
inner join {{ ref('scorecard_categories') }} as categories on metrics.category = categories.category
where mod(bins.value * categories.weight, 0.1) != 0

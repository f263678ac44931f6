select
    'scorecard_bins' as seed_name,
    bins.metric || ', ' || bins.lower_bound as row_key,
    'a bad thing has the value ' || bins.value || ' and may not have one above 0' as what_is_wrong
from {{ ref('scorecard_bins') }} as bins
inner join {{ ref('scorecard_metrics') }} as metrics on bins.metric = metrics.metric
where metrics.good_direction = 'down' and bins.value > 0

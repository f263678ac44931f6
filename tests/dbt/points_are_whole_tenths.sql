-- So one decimal of the overall score is exact and nothing is rounded.
select
    'scorecard_bins' as seed_name,
    bins.metric || ', ' || bins.lower_bound as row_key,
    'its value ' || bins.value || ' times the weight ' || categories.weight || ' of ' || categories.category
    || ' is no multiple of 0.1' as what_is_wrong
from {{ ref('scorecard_bins') }} as bins
inner join {{ ref('scorecard_metrics') }} as metrics on bins.metric = metrics.metric
inner join {{ ref('scorecard_categories') }} as categories on metrics.category = categories.category
where mod(bins.value * categories.weight, 0.1) != 0

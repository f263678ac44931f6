with steps as (

    select
        bins.metric,
        bins.lower_bound,
        bins.value,
        lag(bins.value) over (partition by bins.metric order by bins.lower_bound) as value_before,
        metrics.good_direction
    from {{ ref('scorecard_bins') }} as bins
    inner join {{ ref('scorecard_metrics') }} as metrics on bins.metric = metrics.metric

)

select
    'scorecard_bins' as seed_name,
    metric || ', ' || lower_bound as row_key,
    'its value ' || value || ' is ' || case when value < value_before then 'below' else 'above' end
    || ' the ' || value_before || ' of the bin before, though more is '
    || case good_direction when 'up' then 'better' else 'worse' end as what_is_wrong
from steps
where
    (good_direction = 'up' and value < value_before)
    or (good_direction = 'down' and value > value_before)

with steps as (

    select
        bins.metric,
        bins.lower_bound,
        bins.value - lag(bins.value) over (partition by bins.metric order by bins.lower_bound) as step,
        metrics.good_direction
    from {{ ref('scorecard_bins') }} as bins
    inner join {{ ref('scorecard_metrics') }} as metrics on bins.metric = metrics.metric

)

select * from steps
where
    (good_direction = 'up' and step < 0)
    or (good_direction = 'down' and step > 0)

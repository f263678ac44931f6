{{ config(kind='view') }}

with metrics as (

    select * from {{ ref('scorecard_metrics') }}

),

categories as (

    select * from {{ ref('scorecard_categories') }}

),

bins as (

    select * from {{ ref('scorecard_bins') }}

),

-- Half-open bins: each ends where the next begins, so there is neither gap nor overlap.
final as (

    select
        metrics.metric,
        metrics.category,
        metrics.kind,
        metrics.smoothing_k,
        metrics.smoothing_prior,
        metrics.label_en,
        metrics.label_th,
        bins.lower_bound,
        lead(bins.lower_bound) over (partition by metrics.metric order by bins.lower_bound) as upper_bound,
        bins.value,
        (bins.value * categories.weight)::numeric(6, 1) as points
    from metrics
    inner join categories on metrics.category = categories.category
    inner join bins on metrics.metric = bins.metric

)

select * from final

{{ config(looked_up=['metric']) }}

with metrics as (

    select * from {{ ref('problem_metrics') }}

),

bins as (

    select * from {{ ref('problem_bins') }}

),

described as (

    select
        metrics.metric,
        metrics.smoothing_k,
        metrics.smoothing_prior,
        metrics.label_en,
        metrics.label_th,
        bins.lower_bound,
        bins.points
    from metrics
    inner join bins on metrics.metric = bins.metric

),

in_arrays as (

    {{ bins_by_metric(
        'described',
        ['metric', 'smoothing_k', 'smoothing_prior', 'label_en', 'label_th'],
        {'points': 'bin_points'},
    ) }}

),

-- A shop of which nothing is known has the points of the priors.
final as (

    select
        *,
        bin_points[{{ bin_reached('smoothing_prior', 'lower_bounds') }}] as prior_points
    from in_arrays

)

select * from final

{{ config(looked_up=['metric']) }}

-- A table: as a view it would be put together anew for each member.
with scorecard as (

    select * from {{ ref('int_scorecard') }}

),

-- All bins of a metric in one row, so that one binary search finds a member's bin.
final as (

    select
        metric,
        category,
        kind,
        smoothing_k,
        smoothing_prior,
        label_en,
        label_th,
        array_agg(lower_bound order by lower_bound asc) as lower_bounds,
        array_agg(value order by lower_bound asc) as bin_values,
        array_agg(points order by lower_bound asc) as bin_points
    from scorecard
    group by metric, category, kind, smoothing_k, smoothing_prior, label_en, label_th

)

select * from final

-- Bins are given by their lower bounds: only the first can leave a gap, only a repeated one overlaps.
with bins as (

    select
        'scorecard_bins' as seed_name,
        metric,
        lower_bound
    from {{ ref('scorecard_bins') }}
    union all
    select
        'problem_bins' as seed_name,
        metric,
        lower_bound
    from {{ ref('problem_bins') }}

),

bounds as (

    select
        seed_name,
        metric,
        lower_bound,
        min(lower_bound) over (partition by seed_name, metric) as first_bound,
        count(*) over (partition by seed_name, metric, lower_bound) as bins
    from bins

)

select distinct
    seed_name,
    metric || ', ' || lower_bound as row_key,
    case
        when bins > 1 then 'two bins of ' || metric || ' begin at ' || lower_bound
        when first_bound > 0
            then
                'the first bin of ' || metric || ' begins at ' || first_bound
                || ' and leaves a gap from 0 on'
        else 'the first bin of ' || metric || ' begins at ' || first_bound || ' and not at 0'
    end as what_is_wrong
from bounds
where bins > 1 or (lower_bound = first_bound and first_bound != 0)

-- All that the forecast measures is bad: more of it never has fewer points.
with steps as (

    select
        metric,
        lower_bound,
        points,
        lag(points) over (partition by metric order by lower_bound) as points_before
    from {{ ref('problem_bins') }}

)

select
    'problem_bins' as seed_name,
    metric || ', ' || lower_bound as row_key,
    'its points ' || points || ' are below the ' || points_before
    || ' of the bin before, though more is worse' as what_is_wrong
from steps
where points < points_before
union all
-- A value is cut to hundredths before it is looked up.
select
    'problem_bins' as seed_name,
    metric || ', ' || lower_bound as row_key,
    'its lower bound ' || lower_bound || ' is no multiple of 0.01' as what_is_wrong
from {{ ref('problem_bins') }}
where mod(lower_bound, 0.01) != 0

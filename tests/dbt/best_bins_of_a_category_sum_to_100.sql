with best_bins as (

    select
        category,
        metric,
        max(value) as best
    from {{ ref('int_scorecard') }}
    group by category, metric

)

select
    category,
    sum(best) as best
from best_bins
group by category
having sum(best) != 100

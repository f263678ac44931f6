with best_bins as (

    select
        category,
        metric,
        max(value) as best
    from {{ ref('int_scorecard') }}
    group by category, metric

)

select
    'scorecard_bins' as seed_name,
    null as row_key,
    'the best bins of ' || category || ' sum to ' || sum(best) || ' and not to 100: '
    || string_agg(metric || ' ' || best, ', ' order by metric) as what_is_wrong
from best_bins
group by category
having sum(best) != 100

-- With best bins of 100 in each category a perfect member has 50 + 0.5 × 100 = 100.
select
    'scorecard_categories' as seed_name,
    null as row_key,
    'the weights sum to ' || sum(weight) || ' and not to 0.50: '
    || string_agg(category || ' ' || weight, ', ' order by category) as what_is_wrong
from {{ ref('scorecard_categories') }}
having sum(weight) != 0.5

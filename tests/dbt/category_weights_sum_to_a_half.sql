-- With best bins of 100 in each category a perfect member has 50 + 0.5 × 100 = 100.
select sum(weight) as weights
from {{ ref('scorecard_categories') }}
having sum(weight) != 0.5

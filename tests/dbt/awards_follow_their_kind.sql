-- A milestone is a count that is reached now; what ends by itself would be lost with its streak.
select
    'awards' as seed_name,
    code as row_key,
    case
        when kind = 'milestone' then 'a milestone is a count that is reached now, and is not kept'
        else 'a streak ends by itself, and what it gives has to be kept'
    end as what_is_wrong
from {{ ref('awards') }}
where
    (kind = 'milestone' and (is_kept or metric like '%\_streak'))
    or (metric like '%\_streak' and not is_kept)

with levels as (

    select
        experience_level,
        minimum,
        experience_level ~ '^[1-9][0-9]{0,3}$' as is_number,
        row_number() over (order by minimum) as place
    from {{ ref('gamification_levels') }}

)

select
    'gamification_levels' as seed_name,
    experience_level as row_key,
    case
        when not is_number then 'a level is a number from 1 on'
        when experience_level != place::text
            then 'by its minimum it is the level ' || place || '; levels count from 1 without a gap'
        else 'it asks for ' || minimum || '; the lowest has to take everybody'
    end as what_is_wrong
from levels
where not is_number or experience_level != place::text or (place = 1 and minimum > 0)

-- A share is of 1; a limit below nothing or beyond everybody is a slip of the pen.
select
    'gate_limits' as seed_name,
    measure || ', ' || target as row_key,
    case
        when warn > stop then 'it warns at ' || warn || ', beyond the ' || stop || ' at which it stops'
        when least(warn, stop) < 0 then 'a limit is below 0'
        else 'a share is of 1, and ' || greatest(warn, stop) || ' is more'
    end as what_is_wrong
from {{ ref('gate_limits') }}
where
    warn > stop
    or least(warn, stop) < 0
    or (measure like '%\_share' and greatest(warn, stop) > 1)

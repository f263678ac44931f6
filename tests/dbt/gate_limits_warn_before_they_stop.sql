-- A share is of 1; a limit below nothing or beyond everybody is a slip of the pen.
select
    measure,
    target,
    warn,
    stop
from {{ ref('gate_limits') }}
where
    warn > stop
    or least(warn, stop) < 0
    or (measure like '%\_share' and greatest(warn, stop) > 1)

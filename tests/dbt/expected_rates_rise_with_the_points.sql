-- Every sum of points has a rate, and every row is reached by one.
with reach as (

    select sum(most) as most
    from (
        select max(points) as most
        from {{ ref('problem_bins') }}
        group by metric
    ) as metrics

),

steps as (

    select
        *,
        lag(points) over by_points as points_before,
        lag(rate) over by_points as rate_before,
        lag(low) over by_points as low_before,
        lag(high) over by_points as high_before
    from {{ ref('problem_rates') }}
    window by_points as (order by points)

),

faults as (

    select
        steps.points,
        case
            when steps.points_before is null and steps.points != 0
                then 'the first row is of ' || steps.points || ' points and leaves a gap from 0 on'
            when steps.points > reach.most
                then 'it is of ' || steps.points || ' points and the bins give ' || reach.most || ' at most'
            when steps.rate not between steps.low and steps.high
                then
                    'its rate ' || steps.rate || ' is not within its range from ' || steps.low || ' to '
                    || steps.high
            when steps.rate < steps.rate_before
                then 'its rate ' || steps.rate || ' is below ' || steps.rate_before || ' of fewer points'
            when steps.low < steps.low_before
                then 'its low ' || steps.low || ' is below ' || steps.low_before || ' of fewer points'
            when steps.high < steps.high_before
                then 'its high ' || steps.high || ' is below ' || steps.high_before || ' of fewer points'
        end as what_is_wrong
    from steps
    cross join reach

)

select
    'problem_rates' as seed_name,
    points::text as row_key,
    what_is_wrong
from faults
where what_is_wrong is not null

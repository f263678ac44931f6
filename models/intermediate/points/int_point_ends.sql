{{ config(looked_up=['user_id']) }}

with credits as (

    select * from {{ ref('int_point_credits') }}

),

debits as (

    select * from {{ ref('int_point_debits') }}

),

changes as (

    select
        user_id,
        end_month,
        points as credited,
        0 as debited
    from credits
    union all
    select
        user_id,
        end_month,
        0 as credited,
        points as debited
    from debits

),

months as (

    select
        user_id,
        end_month,
        sum(credited) as credited,
        sum(debited) as debited
    from changes
    group by user_id, end_month

),

-- The moment is the same for everybody, and dear to find: clocks are asked four times.
moments as (

    select
        end_month,
        {{ points_end('end_month') }} as ends_at
    from (select distinct months.end_month from months) as ends
    where isfinite(end_month)

),

dated as (

    select
        months.*,
        moments.ends_at
    from months
    left join moments on months.end_month = moments.end_month

),

running as (

    select
        *,
        sum(credited - debited) over (partition by user_id order by end_month) as standing
    from dated

),

-- What has had to end by an end is the most that credits ever stood above debits at one.
walked as (

    select
        *,
        greatest(max(standing) over (partition by user_id order by end_month), 0) as lost
    from running

),

final as (

    select
        user_id,
        end_month,
        ends_at,
        credited,
        debited,
        lost - coalesce(lag(lost) over (partition by user_id order by end_month), 0) as expired
    from walked

)

select * from final

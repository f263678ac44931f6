{{ config(looked_up=['day', 'is_working', 'working_days_before']) }}

with weekly as (

    select weekday from {{ ref('non_working_days') }}
    where weekday is not null

),

holidays as (

    select day from {{ ref('non_working_days') }}
    where day is not null

),

-- From the earliest moment that an order may have to far enough ahead for what is due next.
days as (

    select generate_series(
        {{ business_day(earliest_moment()) }},
        {{ business_day(as_of()) }} + 60,
        interval '1 day'
    )::date as day

),

flagged as (

    select
        days.day,
        extract(isodow from days.day) not in (select weekly.weekday from weekly)
        and days.day not in (select holidays.day from holidays) as is_working
    from days

),

final as (

    select
        day,
        is_working,
        (count(*) filter (where is_working) over (order by day) - is_working::integer)::integer
            as working_days_before
    from flagged

)

select * from final

with non_working_days as (

    select * from {{ ref('non_working_days') }}

),

-- From the earliest moment that an order may have to far enough ahead for what is due next.
days as (

    select generate_series(
        {{ business_day(earliest_moment()) }},
        {{ business_day(as_of()) }} + 60,
        interval '1 day'
    )::date as day

),

judged as (

    select
        days.day,
        not exists (
            select 1 from non_working_days
            where non_working_days.day = days.day or non_working_days.weekday = extract(isodow from days.day)
        ) as is_working
    from days

),

final as (

    select
        day,
        is_working,
        (count(*) filter (where is_working) over (order by day) - is_working::integer)::integer as working_days_before
    from judged

)

select * from final

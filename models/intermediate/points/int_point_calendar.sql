with terms as (

    select * from {{ ref('int_point_terms') }}

),

months as (

    select begins::date as first_day
    from
        generate_series(
            {{ business_month('select min(terms.valid_from) from terms') }}::timestamp,
            {{ business_month(as_of()) }}::timestamp,
            interval '1 month'
        ) as begins

),

-- All points of a month end together: by the longest validity that was in force in it.
valid as (

    select
        months.first_day,
        max(terms.validity_months) as validity_months
    from months
    inner join terms
        on
            terms.valid_from < {{ start_of_day("(months.first_day + interval '1 month')::date") }}
            and terms.valid_until > {{ start_of_day('months.first_day') }}
    group by months.first_day

),

-- A shorter validity never lets newer points end before older ones.
final as (

    select
        first_day,
        max((first_day + make_interval(months => validity_months + 1))::date) over (order by first_day)
            as end_month
    from valid

)

select * from final

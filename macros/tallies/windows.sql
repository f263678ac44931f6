{#- One row per due member: how many days back the member's rates look, and the first day of these.
    `days` says what was resolved on which `day`. -#}
{% macro evaluation_windows(due, key, days, day) -%}
with due as (

    select * from {{ due }}

),

recent as (

    select
        days.{{ key }},
        sum(days.resolved) as resolved
    from {{ days }} as days
    inner join due on days.{{ key }} = due.{{ key }}
    where not days.is_excluded and days.{{ day }} >= {{ first_day(policy('evaluation_window_days')) }}
    group by days.{{ key }}

),

chosen as (

    select
        due.{{ key }},
        case
            when recent.resolved >= {{ policy('evaluation_min_resolved') }}
                then {{ policy('evaluation_window_days') }}
            else {{ policy('evaluation_long_window_days') }}
        end::integer as window_days
    from due
    left join recent on due.{{ key }} = recent.{{ key }}

),

final as (

    select
        {{ key }},
        window_days,
        {{ business_day(as_of()) }} - window_days + 1 as first_day
    from chosen

)

select * from final
{%- endmacro %}

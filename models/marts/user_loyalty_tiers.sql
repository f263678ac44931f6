{%- set months = policy('loyalty_tier_months') ~ '::integer' -%}
{%- set grace_months = policy('loyalty_tier_grace_months') ~ '::integer' -%}

with due_users as (

    select * from {{ ref('int_due_users') }}

),

published as (

    select * from {{ ref('int_point_programs') }}
    where has_program

),

accounts as (

    select * from {{ ref('point_accounts') }}

),

keys as (

    select * from {{ ref('int_point_keys') }}
    where source = 'order' and worth > 0

),

tiers as (

    select * from {{ ref('loyalty_tiers') }}

),

earned as (

    select
        user_id,
        {{ business_month('counts_from') }} as first_day,
        sum(worth) as points
    from keys
    group by user_id, {{ business_month('counts_from') }}

),

-- A year's points from each month on, as far as it has come.
years as (

    select
        earned.user_id,
        earned.first_day,
        sum(later.points) as points
    from earned
    inner join earned as later
        on
            earned.user_id = later.user_id
            and earned.first_day <= later.first_day
            and earned.first_day + make_interval(months => {{ months }}) > later.first_day
    group by earned.user_id, earned.first_day

),

reached as (

    select
        years.user_id,
        tiers.rank,
        (
            max(years.first_day) + make_interval(months => {{ months }} + {{ grace_months }})
        )::date as end_month
    from years
    inner join tiers on years.points >= tiers.min_points
    where tiers.min_points > 0
    group by years.user_id, tiers.rank

),

highest as (

    select distinct on (user_id) *
    from reached
    where end_month > {{ business_month(as_of()) }}
    order by user_id asc, rank desc

),

held as (

    select
        due_users.user_id,
        tiers.loyalty_tier as tier,
        tiers.min_points,
        case when highest.end_month is not null then {{ points_end('highest.end_month') }} end as ends_at,
        accounts.valid_until as next_step_at,
        -- A run's moment is a whole second, and what was published within it is its past.
        case
            when
                published.tier = tiers.loyalty_tier
                and date_trunc('second', published.tier_achieved_at) <= {{ as_of() }}
                then published.tier_achieved_at
            else {{ as_of() }}
        end as achieved_at
    from due_users
    inner join published on due_users.user_id = published.user_id
    left join accounts on due_users.user_id = accounts.user_id
    left join highest on due_users.user_id = highest.user_id
    inner join tiers on tiers.rank = coalesce(highest.rank, 1)

),

final as (

    select
        user_id,
        tier,
        least(ends_at, next_step_at) as valid_until,
        jsonb_build_object(
            'tier', tier,
            'tier_points_required', min_points,
            'tier_achieved_at', to_jsonb((achieved_at) at time zone {{ source_zone() }}),
            'tier_expires_at', to_jsonb((ends_at) at time zone {{ source_zone() }})
        ) as document
    from held

)

select * from final

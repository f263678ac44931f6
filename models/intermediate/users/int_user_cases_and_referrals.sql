{%- set kinds = (('reports', 'stg_user_reports'), ('warnings', 'stg_user_warnings')) -%}

with due_users as (

    select * from {{ ref('int_due_users') }}

),

{% for kind, model in kinds -%}
    {{ kind }} as (

        select
            cases.user_id,
            {{ tally(
                kind,
                "cases.outcome = 'upheld' and cases.decided_at >= "
                ~ window_start(policy('trust_window_days')),
                'cases.decided_at'
            ) }},
            min(cases.next_event_at) as next_event_at
        from {{ ref(model) }} as cases
        inner join due_users on cases.user_id = due_users.user_id
        group by cases.user_id

    ),

{% endfor -%}
referrals as (

    select
        referred.referrer_id as user_id,
        count(distinct referred.referee_id) filter (where referred.first_purchase_at is not null)
            as referrals,
        min(referred.next_event_at) as next_event_at
    from {{ ref('stg_referrals') }} as referred
    inner join due_users on referred.referrer_id = due_users.user_id
    group by referred.referrer_id

),

final as (

    select
        due_users.user_id,
        {{ tallied('reports', ['reports']) }},
        {{ tallied('warnings', ['warnings']) }},
        coalesce(referrals.referrals, 0) as referrals,
        least(reports.next_event_at, warnings.next_event_at, referrals.next_event_at) as next_event_at
    from due_users
    left join reports on due_users.user_id = reports.user_id
    left join warnings on due_users.user_id = warnings.user_id
    left join referrals on due_users.user_id = referrals.user_id

)

select * from final

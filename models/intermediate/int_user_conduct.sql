{%- set kinds = (('reports', 'stg_user_reports'), ('warnings', 'stg_user_warnings')) -%}

with due_users as (

    select * from {{ ref('int_due_users') }}

),

{% for kind, model in kinds -%}
    {{ kind }} as (

        select
            user_id,
            {{ tally(
                kind, "outcome = 'upheld' and decided_at > " ~ days_ago(policy('trust_window_days')), 'decided_at'
            ) }},
            min(next_event_at) as next_event_at
        from {{ ref(model) }}
        group by user_id

    ),

{% endfor -%}
referrals as (

    select
        referrer_id as user_id,
        count(distinct referee_id) filter (where first_purchase_at is not null) as referrals,
        min(next_event_at) as next_event_at
    from {{ ref('stg_referrals') }}
    group by referrer_id

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

with due_users as (

    select * from {{ ref('int_due_users') }}

),

reports as (

    select
        user_id,
        count(*) filter (where outcome = 'upheld' and decided_at > {{ days_ago(policy('trust_window_days')) }})
            as upheld_reports,
        min(decided_at) filter (where outcome = 'upheld' and decided_at > {{ days_ago(policy('trust_window_days')) }})
            as first_report_at,
        max(decided_at) filter (where outcome = 'upheld') as last_report_at,
        min(next_event_at) as next_event_at
    from {{ ref('stg_user_reports') }}
    group by user_id

),

warnings as (

    select
        user_id,
        count(*) filter (where outcome = 'upheld' and decided_at > {{ days_ago(policy('trust_window_days')) }})
            as warnings,
        min(decided_at) filter (where outcome = 'upheld' and decided_at > {{ days_ago(policy('trust_window_days')) }})
            as first_warning_at,
        max(decided_at) filter (where outcome = 'upheld') as last_warning_at,
        min(next_event_at) as next_event_at
    from {{ ref('stg_user_warnings') }}
    group by user_id

),

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
        coalesce(reports.upheld_reports, 0) as upheld_reports,
        reports.first_report_at,
        case when reports.upheld_reports > 0 then reports.last_report_at end as last_report_at,
        coalesce(warnings.warnings, 0) as warnings,
        warnings.first_warning_at,
        case when warnings.warnings > 0 then warnings.last_warning_at end as last_warning_at,
        coalesce(referrals.referrals, 0) as referrals,
        least(reports.next_event_at, warnings.next_event_at, referrals.next_event_at) as next_event_at
    from due_users
    left join reports on due_users.user_id = reports.user_id
    left join warnings on due_users.user_id = warnings.user_id
    left join referrals on due_users.user_id = referrals.user_id

)

select * from final

{{ config(looked_up=['user_id']) }}

with due_users as (

    select * from {{ ref('int_due_users') }}

),

-- Materialized: what staging makes of a row is asked for often here, and would be made anew each time.
entries as materialized (

    select entries.*
    from {{ ref('stg_points_transactions') }} as entries
    inner join due_users on entries.user_id = due_users.user_id

),

-- No run can have posted a row with a higher number than there are rows.
referrals as (

    select
        user_id,
        source_id,
        count(*) as rows_there
    from entries
    where source = 'referral'
    group by user_id, source_id

),

points_types as (

    select * from {{ ref('points_types') }}

),

meant as (

    select
        entries.*,
        coalesce(points_types.meaning, 'signed') as meaning,
        entries.is_confirmed and entries.created_at is not null as is_counted,
        case points_types.meaning
            when 'debit' then -abs(entries.amount)
            when 'restore' then abs(entries.amount)
            else entries.amount
        end as signed_amount,
        -- What was entered before the start is the application's, whatever it calls it. Of referrals only
        -- what a run has posted is of a key: what the application gives for one is not ours to take back.
        coalesce(
            coalesce(entries.created_at, entries.next_event_at) >= {{ points_began_at() }}
            and case
                when entries.source = 'order'
                    then entries.source_id is not null and entries.type in ('earn', 'reverse')
                when entries.source = 'signup' then entries.type in ('earn', 'reverse')
                when entries.source = 'expiry'
                    then entries.expires_at is not null and entries.type in ('expire', 'adjust')
                when entries.source = 'referral'
                    then entries.entry_id in (
                        select
                            {{ posting_id(
                                'entries.user_id', 'entries.source', 'entries.source_id', 'revision'
                            ) }}
                        from generate_series(0, referrals.rows_there - 1) as revision
                    )
            end,
            false
        ) as is_of_a_key
    from entries
    left join points_types on entries.type = points_types.type
    left join referrals
        on
            entries.source = 'referral'
            and entries.user_id = referrals.user_id
            and entries.source_id = referrals.source_id

),

final as (

    select
        entry_id,
        user_id,
        type,
        source,
        case when source in ('order', 'referral') or not is_of_a_key then source_id end as source_id,
        expires_at,
        created_at,
        next_event_at,
        is_of_a_key,
        is_counted,
        is_confirmed,
        meaning,
        signed_amount,
        case when is_counted then signed_amount else 0 end as amount
    from meant

)

select * from final

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
        -- What was entered before the start is the application's, whatever it calls it. So are referrals:
        -- no model values them yet, and a run would take back what the application gave.
        coalesce(
            coalesce(entries.created_at, entries.next_event_at) >= {{ points_began_at() }}
            and case
                when entries.source = 'order'
                    then entries.source_id is not null and entries.type in ('earn', 'reverse')
                when entries.source = 'signup' then entries.type in ('earn', 'reverse')
                when entries.source = 'expiry'
                    then entries.expires_at is not null and entries.type in ('expire', 'adjust')
            end,
            false
        ) as is_of_a_key
    from entries
    left join points_types on entries.type = points_types.type

),

final as (

    select
        entry_id,
        user_id,
        type,
        source,
        case when source = 'order' or not is_of_a_key then source_id end as source_id,
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

{{ config(looked_up=['user_id']) }}

with due_users as (

    select * from {{ ref('int_due_users') }}

),

entries as not materialized (

    select * from {{ ref('int_point_entries') }}
    where is_counted

),

terms as (

    select * from {{ ref('int_point_terms') }}

),

openings as (

    select * from {{ source('state', 'loyalty_openings') }}
    where opening < 0

),

swept as (

    select * from entries
    where is_of_a_key and source = 'expiry' and expires_at <= created_at

),

-- Ends are the same for everybody, and dear to find: clocks are asked four times.
ends as (

    select
        expires_at,
        {{ business_month('expires_at') }} as end_month
    from (select distinct swept.expires_at from swept) as moments
    where expires_at = {{ points_end(business_month('expires_at')) }}

),

expiries as (

    select
        swept.user_id,
        swept.expires_at,
        swept.created_at,
        ends.end_month,
        row_number() over in_order as place,
        sum(swept.amount) over in_order as standing
    from swept
    inner join ends on swept.expires_at = ends.expires_at
    window in_order as (
        partition by swept.user_id, swept.expires_at order by swept.created_at, swept.entry_id
    )

),

reopened as (

    select
        *,
        max(place) filter (where standing = 0) over (partition by user_id, expires_at) as last_zero
    from expiries

),

-- An end that has come is closed by its first entry since the key stood at nothing.
closings as (

    select
        user_id,
        end_month,
        min(created_at) as closed_at
    from reopened
    where place > coalesce(last_zero, 0)
    group by user_id, end_month

),

-- A debit takes from what had not been closed when it was made.
spent as (

    select
        entries.user_id,
        coalesce(max(closings.end_month) + interval '1 month', '-infinity')::date as end_month,
        -entries.amount as points
    from entries
    left join closings
        on entries.user_id = closings.user_id and entries.created_at >= closings.closed_at
    where not entries.is_of_a_key and entries.amount < 0
    group by entries.entry_id, entries.user_id, entries.amount

),

-- Given back is as if it had not been spent, from the first end on that is far enough away.
restored as (

    select
        entries.user_id,
        {{ next_month('
            greatest(entries.created_at, ' ~ points_began_at() ~ ')
            + make_interval(days => coalesce(terms.restored_grace_days, 0))
        ') }} as end_month,
        -entries.amount as points
    from entries
    left join terms
        on
            greatest(entries.created_at, {{ points_began_at() }}) >= terms.valid_from
            and greatest(entries.created_at, {{ points_began_at() }}) < terms.valid_until
    where not entries.is_of_a_key and entries.meaning = 'restore' and entries.amount > 0

),

final as (

    select * from spent
    union all
    select * from restored
    union all
    select
        openings.user_id,
        '-infinity' as end_month,
        -openings.opening as points
    from openings
    inner join due_users on openings.user_id = due_users.user_id

)

select * from final

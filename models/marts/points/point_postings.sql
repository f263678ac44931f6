with keys as (

    select * from {{ ref('int_point_keys') }}
    where worth != 0 or revision > 0

),

credits as (

    select * from {{ ref('int_point_credits') }}
    where is_of_a_key

),

ends as not materialized (

    select * from {{ ref('int_point_ends') }}

),

months as (

    select distinct
        end_month,
        ends_at
    from ends

),

entries as (

    select * from {{ ref('int_point_entries') }}
    where is_of_a_key and source = 'expiry'

),

expiries as (

    select
        user_id,
        ends_at,
        -expired as worth,
        0 as posted,
        0 as revision
    from ends
    where expired > 0 and ends_at <= {{ as_of() }}
    union all
    select
        user_id,
        expires_at as ends_at,
        0 as worth,
        amount as posted,
        1 as revision
    from entries

),

expired as (

    select
        user_id,
        ends_at,
        sum(worth) as worth,
        sum(posted) as posted,
        sum(revision)::integer as revision
    from expiries
    group by user_id, ends_at

),

final as (

    select
        keys.user_id,
        keys.source,
        keys.source_id,
        months.ends_at as expires_at,
        keys.worth,
        keys.posted,
        keys.revision,
        keys.counts_from,
        case keys.source
            when 'order' then 'Points for an order'
            when 'signup' then 'Welcome bonus'
            when 'referral' then 'Bonus for a referral'
        end as description
    from keys
    -- The welcome has no id, and null equals nothing: a comparison that says so is made of each pair.
    left join credits
        on
            keys.user_id = credits.user_id
            and keys.source = credits.source
            and coalesce(keys.source_id, keys.user_id) = coalesce(credits.source_id, credits.user_id)
    left join months on credits.end_month = months.end_month
    union all
    select
        user_id,
        'expiry' as source,
        null as source_id,
        ends_at as expires_at,
        worth,
        posted,
        revision,
        ends_at as counts_from,
        'Points that ended' as description
    from expired

)

select * from final

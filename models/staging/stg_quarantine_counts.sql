{{ config(materialized='table') }}

with quarantine as (

    select * from {{ ref('stg_quarantine') }}

),

limits as (

    select * from {{ ref('quarantine_limits') }}

),

-- Only the sources that something is set aside of are counted.
source_rows as (

    select
        source,
        case source
            {% for source in [
                'users', 'orders', 'reviews', 'messages', 'disputes', 'returns', 'user_sessions', 'user_reports',
                'user_warnings', 'order_exclusions', 'products', 'payouts',
            ] -%}
                when '{{ source }}'
                    then (select count(*) as total {{ application_rows(source, application_columns(source)) }})
            {% endfor %}
        end as total
    from quarantine
    group by source

),

counts as (

    select
        source,
        reason,
        count(*) as set_aside,
        (array_agg(coalesce(row_key, 'no key') order by row_key))[1:5] as samples
    from quarantine
    group by source, reason

),

final as (

    select
        counts.source,
        counts.reason,
        counts.set_aside,
        counts.samples,
        -- So many rows are always tolerated, and beyond that this share of the source's rows.
        greatest(limits.max_rows, floor(limits.max_share * source_rows.total))::bigint as row_limit
    from counts
    left join source_rows on counts.source = source_rows.source
    left join limits on counts.source = limits.source and counts.reason = limits.reason

)

select * from final

{{ config(materialized='table') }}

with quarantine as (

    select * from {{ ref('stg_quarantine') }}

),

limits as (

    select * from {{ ref('quarantine_limits') }}

),

source_sizes as (

    select * from {{ ref('stg_source_sizes') }}

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
        greatest(limits.max_rows, floor(limits.max_share * source_sizes.total))::bigint as row_limit
    from counts
    left join source_sizes on counts.source = source_sizes.source
    left join limits on counts.source = limits.source and counts.reason = limits.reason

)

select * from final

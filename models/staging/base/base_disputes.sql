{%- set columns = application_columns('disputes') -%}
{%- set source_rows -%}
    select
        {{ application_column(columns, 'id', 'uuid') }} as dispute_id,
        {{ application_column(columns, 'order_id', 'uuid') }} as order_id,
        {{ application_column(columns, 'opened_at', 'timestamptz') }} as opened_at,
        {{ application_column(columns, 'resolved_at', 'timestamptz') }} as resolved_at,
        lower({{ application_column(columns, 'decided_against', 'text') }}) as decided_against
    {{ application_rows('disputes', columns) }}
{%- endset -%}
{%- set judged_rows -%}
    select
        source.*,
        case
            when source.order_id is null then 'no order'
            {{ when_orphaned('disputes.order_id', 'order does not exist') }}
            when source.opened_at is null then 'no opening time'
            when {{ impossible_moment(['source.opened_at', 'source.resolved_at']) }} then 'impossible time'
        end as quarantine_reason,
        case
            when source.opened_at > {{ latest_moment() }} then 'dated in the future; it waits until then'
            when source.resolved_at < source.opened_at
                then 'decided before it was opened; the time of opening stands in'
            when source.decided_against not in ('buyer', 'seller')
                then 'decided against somebody unknown; it counts against nobody'
        end as left_out
    from ({{ source_rows }}) as source
    {{ join_parent('disputes.order_id', 'orders') }}
{%- endset -%}

select
    *,
    dispute_id::text as row_key,
    -- Filter by this one: the planner takes "case … is null" for rare, and then loops over millions of rows.
    case when quarantine_reason is null then order_id end as trusted_order_id
from ({{ judged_rows }}) as judged

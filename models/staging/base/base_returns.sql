{%- set columns = application_columns('returns') -%}
{%- set source_rows -%}
    select
        {{ application_column(columns, 'id', 'uuid') }} as return_id,
        {{ application_column(columns, 'order_id', 'uuid') }} as order_id,
        {{ application_column(columns, 'requested_at', 'timestamptz') }} as requested_at,
        {{ application_column(columns, 'completed_at', 'timestamptz') }} as completed_at
    {{ application_rows('returns', columns) }}
{%- endset -%}
{%- set judged_rows -%}
    select
        source.*,
        case
            when source.order_id is null then 'no order'
            {{ when_orphaned('returns.order_id', 'order does not exist') }}
            when {{ impossible_moment(['source.requested_at', 'source.completed_at']) }} then 'impossible time'
            when source.completed_at < source.requested_at then 'completed before it was requested'
        end as quarantine_reason,
        case
            when least(source.requested_at, source.completed_at) > {{ latest_moment() }}
                then 'dated in the future; it waits until then'
        end as left_out
    from ({{ source_rows }}) as source
    {{ join_parent('returns.order_id', 'orders') }}
{%- endset -%}

select
    *,
    return_id::text as row_key,
    -- Filter by this one: the planner takes "case … is null" for rare, and then loops over millions of rows.
    case when quarantine_reason is null then order_id end as trusted_order_id
from ({{ judged_rows }}) as judged

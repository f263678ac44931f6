{%- set columns = application_columns('order_exclusions') -%}
{%- set source_rows -%}
    select
        {{ application_column(columns, 'order_id', 'uuid') }} as order_id,
        {{ application_column(columns, 'reason', 'text') }} as reason,
        {{ application_column(columns, 'decided_at', 'timestamptz') }} as decided_at
    {{ application_rows('order_exclusions', columns) }}
{%- endset -%}
{%- set judged_rows -%}
    select
        source.*,
        case
            when source.order_id is null then 'no order'
            {{ when_orphaned('order_exclusions.order_id', 'order does not exist') }}
            when source.decided_at is null then 'no decision time'
            when {{ impossible_moment(['source.decided_at']) }} then 'impossible time'
        end as quarantine_reason,
        case when source.decided_at > {{ latest_moment() }} then 'dated in the future; it waits until then' end as left_out
    from ({{ source_rows }}) as source
    {{ join_parent('order_exclusions.order_id', 'orders') }}
{%- endset -%}

select
    *,
    'of order ' || order_id::text as row_key,
    -- Filter by this one: the planner takes "case … is null" for rare, and then loops over millions of rows.
    case when quarantine_reason is null then order_id end as trusted_order_id
from ({{ judged_rows }}) as judged

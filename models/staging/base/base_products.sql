{%- set columns = application_columns('products') -%}
{%- set source_rows -%}
    select
        {{ application_column(columns, 'id', 'uuid') }} as product_id,
        {{ application_column(columns, 'seller_id', 'uuid') }} as seller_id,
        lower({{ application_column(columns, 'status', 'text') }}) as status,
        {{ application_column(columns, 'stock', 'numeric') }} as stock
    {{ application_rows('products', columns) }}
{%- endset -%}
{%- set judged_rows -%}
    select
        source.*,
        case
            when source.seller_id is null then 'no seller'
            {{ when_orphaned('products.seller_id', 'seller does not exist') }}
            when source.stock > {{ policy('max_stock') }} then 'absurd stock'
        end as quarantine_reason
    from ({{ source_rows }}) as source
    {{ join_parent('products.seller_id', 'seller_profiles') }}
{%- endset -%}

select
    *,
    product_id::text as row_key,
    null as left_out,
    -- Filter by this one: the planner takes "case … is null" for rare, and then loops over millions of rows.
    case when quarantine_reason is null then seller_id end as trusted_seller_id
from ({{ judged_rows }}) as judged

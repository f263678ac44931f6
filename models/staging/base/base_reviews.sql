{%- set columns = application_columns('reviews') -%}

with source as (

    select
        {{ application_column(columns, 'id', 'uuid') }} as review_id,
        {{ application_column(columns, 'order_id', 'uuid') }} as order_id,
        {{ application_column(columns, 'seller_id', 'uuid') }} as seller_id,
        {{ application_column(columns, 'reviewer_id', 'uuid') }} as reviewer_id,
        {{ application_column(columns, 'rating', 'numeric') }} as rating,
        {{ application_column(columns, 'created_at', 'timestamptz') }} as created_at,
        {{ application_column(columns, 'detailed_ratings', 'jsonb') }} as detailed_ratings,
        {{ application_column(columns, 'engagement', 'jsonb') }} as engagement,
        {{ application_column(columns, 'moderation', 'jsonb') }} as moderation
    {{ application_rows('reviews', columns) }}

),

run_context as (

    select * from {{ source('standing', 'run_context') }}

),

final as (

    select
        *,
        case
            when rating is null then 'no rating'
            when rating not in (1, 2, 3, 4, 5) then 'rating out of range'
            when order_id is null and seller_id is null then 'neither order nor seller'
            when created_at > (select run_context.wall_clock from run_context) then 'created in the future'
        end as quarantine_reason
    from source

)

select * from final

{%- set columns = application_columns('reviews') -%}
{%- set promised = application_promises() -%}
{%- set source_rows -%}
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
{%- endset -%}
{#- Looked for only where no constraint of the application's tables forbids them. -#}
{% if 'reviews.id' not in promised %}
{%- set repeated_rows -%}
    select review_id
    from ({{ source_rows }}) as source
    group by review_id
    having count(*) > 1
{%- endset -%}
{% endif %}
{%- set judged_rows -%}
    select
        source.*,
        case
            when source.review_id is null then 'no key'
            {%- if 'reviews.id' not in promised %}
            when repeated.review_id is not null then 'duplicate key'
            {%- endif %}
            when source.rating is null then 'no rating'
            when source.rating not in (1, 2, 3, 4, 5) then 'rating out of range'
            when source.order_id is null and source.seller_id is null then 'neither order nor seller'
            {%- if 'reviews.order_id' not in promised %}
            when source.order_id is not null and orders.id is null then 'order does not exist'
            {%- endif %}
            {%- if 'reviews.seller_id' not in promised %}
            when source.seller_id is not null and shops.id is null then 'seller does not exist'
            {%- endif %}
            {%- if 'reviews.reviewer_id' not in promised %}
            when source.reviewer_id is not null and reviewers.id is null then 'reviewer does not exist'
            {%- endif %}
            when {{ impossible_moment(['source.created_at']) }} then 'impossible time'
            when source.created_at > {{ latest_moment() }} then 'created in the future'
            when
                jsonb_typeof(source.detailed_ratings) not in ('object', 'null')
                or jsonb_typeof(source.engagement) not in ('object', 'null')
                or jsonb_typeof(source.moderation) not in ('object', 'null')
                then 'malformed JSON'
        end as quarantine_reason
    from ({{ source_rows }}) as source
    {%- if 'reviews.id' not in promised %}
    left join ({{ repeated_rows }}) as repeated on source.review_id = repeated.review_id
    {%- endif %}
    {%- if 'reviews.order_id' not in promised %}
    left join (select distinct id from {{ source('application', 'orders') }}) as orders on source.order_id = orders.id
    {%- endif %}
    {%- if 'reviews.seller_id' not in promised %}
    left join {{ source('application', 'seller_profiles') }} as shops on source.seller_id = shops.id
    {%- endif %}
    {%- if 'reviews.reviewer_id' not in promised %}
    left join {{ source('application', 'users') }} as reviewers on source.reviewer_id = reviewers.id
    {%- endif %}
{%- endset -%}

select
    *,
    -- Filter by this one: the planner takes "case … is null" for rare, and then loops over millions of rows.
    case when quarantine_reason is null then review_id end as trusted_review_id
from ({{ judged_rows }}) as judged

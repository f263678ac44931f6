{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ forget_set_aside() }}",
) }}
{%- set user_columns = application_columns('users') -%}
{%- set optional = [
    'messages', 'disputes', 'returns', 'user_sessions', 'user_reports', 'user_warnings', 'order_exclusions',
    'products', 'payouts',
] -%}

with orders as (

    {{ concerning_due(ref('base_orders'), 'buyer_id', 'seller_id') }}

),

reviews as (

    {{ concerning_due(ref('base_reviews'), 'reviewer_id', 'seller_id') }}

),

sellers as (

    select * from {{ ref('stg_sellers') }}

),

users as (

    select
        {{ application_column(user_columns, 'id', 'uuid') }} as user_id,
        {{ application_column(user_columns, 'created_at', 'timestamptz') }} as created_at,
        {{ application_column(user_columns, 'security_settings', 'jsonb') }} as security_settings
    {{ application_rows('users', user_columns) }}

),

-- Dealings with oneself are left out where members and shops are known; here they are shown.
set_aside as (

    select
        'orders' as source,
        orders.order_id::text as row_key,
        coalesce(
            orders.quarantine_reason,
            case when orders.buyer_id = sellers.user_id then 'self-dealing' end,
            orders.left_out
        ) as reason,
        orders.buyer_id as user_id,
        orders.seller_id
    from orders
    left join sellers on orders.seller_id = sellers.seller_id
    union all
    select
        'reviews' as source,
        reviews.review_id::text as row_key,
        coalesce(
            reviews.quarantine_reason,
            case when reviews.reviewer_id = sellers.user_id then 'self-dealing' end
        ) as reason,
        reviews.reviewer_id as user_id,
        reviews.seller_id
    from reviews
    left join sellers on reviews.seller_id = sellers.seller_id
    union all
    {% for source in optional -%}
        select
            '{{ source }}' as source,
            row_key,
            coalesce(quarantine_reason, left_out) as reason,
            null::uuid as user_id,
            null::uuid as seller_id
        from {{ ref('base_' ~ source) }}
        where {{ everybody_is_due() }}
        union all
    {% endfor -%}
    select
        'users' as source,
        users.user_id::text as row_key,
        case
            when users.created_at is null then 'no creation time'
            when {{ impossible_moment(['users.created_at']) }} then 'impossible time'
            when
                jsonb_typeof(users.security_settings) not in ('object', 'null')
                then 'malformed JSON; the settings are left out'
        end as reason,
        users.user_id,
        null::uuid as seller_id
    from users
    {{ only_due('users', 'user_id', source('standing', 'due_users')) }}

),

final as (

    select
        source,
        row_key,
        reason,
        user_id,
        seller_id
    from set_aside
    where reason is not null

)

select * from final

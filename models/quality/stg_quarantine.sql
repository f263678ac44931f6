{{ config(
    materialized='incremental_by_key',
    unlogged=true,
    key=['source', 'row_id'],
    stale='stale_set_aside',
) }}
{%- set optional = [
    'messages', 'disputes', 'returns', 'user_sessions', 'user_reports', 'user_warnings', 'order_exclusions',
    'products', 'payouts',
] -%}

with orders as (

    select orders.* from {{ ref('base_orders') }} as orders
    {{ only_set_aside_anew('orders', 'order_id') }}

),

reviews as (

    select reviews.* from {{ ref('base_reviews') }} as reviews
    {{ only_set_aside_anew('reviews', 'review_id') }}

),

sellers as not materialized (

    select * from {{ ref('stg_sellers') }}

),

users as (

    {{ application_rows('users', [
        'id uuid as user_id',
        'created_at timestamptz',
        'security_settings jsonb',
    ]) }}

),

-- Dealings with oneself are left out where members and shops are known; here they are shown.
set_aside as (

    select
        'orders' as source,
        orders.order_id as row_id,
        orders.order_id::text as row_key,
        coalesce(
            orders.quarantine_reason,
            case when orders.buyer_id = sellers.user_id then 'self-dealing' end,
            orders.left_out
        ) as reason
    from orders
    left join sellers on orders.seller_id = sellers.seller_id
    union all
    select
        'reviews' as source,
        reviews.review_id as row_id,
        reviews.review_id::text as row_key,
        coalesce(
            reviews.quarantine_reason,
            case when reviews.reviewer_id = sellers.user_id then 'self-dealing' end
        ) as reason
    from reviews
    left join sellers on reviews.seller_id = sellers.seller_id
    union all
    {% for source in optional -%}
        select
            '{{ source }}' as source,
            null::uuid as row_id,
            row_key,
            coalesce(quarantine_reason, left_out) as reason
        from {{ ref('base_' ~ source) }}
        where {{ everything_is_derived() }}
        union all
    {% endfor -%}
    select
        'users' as source,
        users.user_id as row_id,
        users.user_id::text as row_key,
        case
            when users.created_at is null then 'no creation time'
            when {{ impossible_moment(['users.created_at']) }} then 'impossible time'
            when
                jsonb_typeof(users.security_settings) not in ('object', 'null')
                then 'malformed JSON; the settings are left out'
        end as reason
    from users
    {{ only_set_aside_anew('users', 'user_id') }}

),

final as (

    select
        source,
        row_id,
        row_key,
        reason
    from set_aside
    where reason is not null

)

select * from final

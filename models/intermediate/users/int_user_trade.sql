{{ config(kind='of_the_due', looked_up=['user_id']) }}
{%- set is_capped = '(' ~ policy('max_orders_per_partner') ~ ' > 0)' %}

with purchases as not materialized (

    select * from {{ ref('int_purchases') }}

),

shops as (

    select
        sellers.seller_id,
        sellers.user_id
    from {{ ref('stg_sellers') }} as sellers
    {{ only_due('sellers', 'user_id', ref('int_due_users')) }}
    where sellers.user_id is not null

),

capped as (

    select * from {{ ref('int_user_capped_orders') }}

),

-- Purchases beyond a partner's cap count for no trust.
counted_purchases as (

    select
        purchases.*,
        purchases.lifts_trust and coalesce(capped.is_within, true) as is_counted
    from purchases
    left join capped
        on
            purchases.user_id = capped.user_id
            and purchases.order_id = capped.order_id
            and not capped.is_sale

),

-- A purchase is tallied as a day on which nothing else happened would be.
final as (

    select
        user_id,
        is_excluded,
        resolved_on,
        lost_on,
        next_event_at,
        {{ tally_of_one('resolved', 'resolved_at is not null', 'resolved_at') }},
        {{ tally_of_one(
            'concluded',
            "resolved_at is not null and (outcome != 'cancelled' or is_own_cancellation)",
            'resolved_at'
        ) }},
        {{ tally_of_one('own_cancellations', 'is_own_cancellation and lowers_trust', 'resolved_at') }},
        {{ tally_of_one('disputes_lost', 'lost_at is not null and lowers_trust', 'lost_at') }},
        {{ tally_of_one('clean', 'is_completed and is_counted and lost_at is null', 'resolved_at') }},
        is_completed::integer as completed,
        is_own_cancellation::integer as cancelled,
        (resolved_at is not null and is_disputed)::integer as disputed,
        (is_completed and is_counted)::integer as trusted_purchases,
        0 as trusted_sales,
        0 as sales_to_partners,
        case when is_completed and is_counted then amount else 0 end as trusted_value
    from counted_purchases
    union all
    select
        shops.user_id,
        days.is_excluded,
        days.day as resolved_on,
        days.day as lost_on,
        null as next_event_at,
        {% for tally in ('resolved', 'concluded', 'own_cancellations', 'disputes_lost') -%}
            days.{{ tally }},
            days.{{ tally }}_first_at,
            days.{{ tally }}_last_at,
        {% endfor -%}
        case when {{ is_capped }} then 0 else days.clean end as clean,
        case when not {{ is_capped }} then days.clean_first_at end as clean_first_at,
        case when not {{ is_capped }} then days.clean_last_at end as clean_last_at,
        days.completed,
        days.cancelled,
        days.disputed,
        0 as trusted_purchases,
        case when {{ is_capped }} then 0 else days.trusted_orders end as trusted_sales,
        days.trusted_orders as sales_to_partners,
        case when {{ is_capped }} then 0 else days.trusted_value end as trusted_value
    from shops
    inner join {{ ref('int_order_days') }} as days on shops.seller_id = days.seller_id
    union all
    -- With a cap, sales are counted one by one.
    select
        user_id,
        is_excluded,
        resolved_on,
        null as lost_on,
        null as next_event_at,
        {% for tally in ('resolved', 'concluded', 'own_cancellations', 'disputes_lost') -%}
            0 as {{ tally }},
            null as {{ tally }}_first_at,
            null as {{ tally }}_last_at,
        {% endfor -%}
        {{ tally_of_one('clean', 'is_clean', 'resolved_at') }},
        0 as completed,
        0 as cancelled,
        0 as disputed,
        0 as trusted_purchases,
        1 as trusted_sales,
        0 as sales_to_partners,
        amount as trusted_value
    from capped
    where is_sale and is_within

)

select * from final

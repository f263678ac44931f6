with sellers as (

    select * from {{ ref('stg_sellers') }}

),

windows as (

    select * from {{ ref('int_seller_windows') }}

),

seller_orders as (

    select * from {{ ref('int_seller_orders') }}

),

exclusions as (

    select * from {{ ref('int_seller_exclusions') }}

),

customers as (

    select * from {{ ref('int_seller_customers') }}

),

ground as (

    select * from {{ ref('int_seller_stock_and_balances') }}

),

user_messages as (

    select * from {{ ref('int_user_messages') }}

),

upcoming as (

    select * from {{ ref('int_seller_upcoming') }}

),

people_upcoming as (

    select * from {{ ref('int_user_upcoming') }}

),

final as (

    select
        windows.seller_id,
        windows.window_days,
        {% set tallies = ['judged', 'shipped', 'promised', 'resolved', 'ended', 'completed'] -%}
        {{ tallied('seller_orders', tallies) }},
        {{ tallied_raw('seller_orders', 'exclusions', tallies) }},
        {% for number in ('fulfilled', 'on_time', 'returned', 'disputed', 'defective', 'positive') -%}
            coalesce(seller_orders.{{ number }}, 0) as {{ number }},
            coalesce(seller_orders.{{ number }}, 0) + coalesce(exclusions.{{ number }}, 0) as raw_{{ number }},
        {% endfor -%}
        {% for scope in ('', 'raw_') -%}
            {% for tally in ('customers', 'earlier_customers') -%}
                coalesce(customers.{{ scope }}{{ tally }}, 0) as {{ scope }}{{ tally }},
                customers.{{ scope }}{{ tally }}_first_at,
                customers.{{ scope }}{{ tally }}_last_at,
            {% endfor -%}
            coalesce(customers.{{ scope }}repeat_customers, 0) as {{ scope }}repeat_customers,
            coalesce(customers.{{ scope }}kept_customers, 0) as {{ scope }}kept_customers,
        {% endfor -%}
        exclusions.seller_id is not null as has_exclusions,
        coalesce(customers.total_customers, 0) as total_customers,
        coalesce(round(seller_orders.processing_seconds / 3600 / nullif(seller_orders.shipped, 0), 2), 0) as avg_processing_time,
        coalesce(seller_orders.completed_orders, 0) as total_sales,
        coalesce(seller_orders.revenue, 0) as total_revenue,
        coalesce(round(seller_orders.revenue / nullif(seller_orders.completed_orders, 0), 2), 0) as avg_order_value,
        coalesce(seller_orders.last_30_days_sales, 0) as last_30_days_sales,
        coalesce(seller_orders.last_30_days_revenue, 0) as last_30_days_revenue,
        coalesce(seller_orders.earlier_30_days_revenue, 0) as earlier_30_days_revenue,
        seller_orders.last_60_days_first_at,
        seller_orders.last_60_days_last_at,
        {% for number in [
            'active_listings', 'sold_out_listings', 'avg_stock_level', 'pending_balance', 'available_balance', 'total_withdrawn',
        ] -%}
            coalesce(ground.{{ number }}, 0) as {{ number }},
        {% endfor -%}
        {{ tallied('user_messages', ['recent_threads']) }},
        coalesce(user_messages.recent_threads_answered, 0) as recent_threads_answered,
        coalesce(user_messages.response_rate, 0) as response_rate,
        coalesce(user_messages.response_time_avg, 0) as response_time_avg,
        least(
            {{ leaves('least(
                seller_orders.judged_first_at,
                seller_orders.shipped_first_at,
                seller_orders.promised_first_at,
                seller_orders.resolved_first_at,
                exclusions.judged_first_at,
                exclusions.promised_first_at,
                exclusions.resolved_first_at
            )', 'windows.window_days') }},
            {{ leaves('seller_orders.last_30_days_first_at', 30) }},
            {{ leaves('seller_orders.last_60_days_first_at', 60) }},
            seller_orders.next_step_at,
            customers.next_step_at,
            user_messages.next_step_at,
            ground.next_step_at,
            upcoming.next_event_at,
            -- What its person buys or reviews is none of the shop's.
            people_upcoming.next_message_at
        ) as valid_until
    from windows
    inner join sellers on windows.seller_id = sellers.seller_id
    left join seller_orders on windows.seller_id = seller_orders.seller_id
    left join exclusions on windows.seller_id = exclusions.seller_id
    left join customers on windows.seller_id = customers.seller_id
    left join ground on windows.seller_id = ground.seller_id
    left join user_messages on sellers.user_id = user_messages.user_id
    left join upcoming on windows.seller_id = upcoming.seller_id
    left join people_upcoming on sellers.user_id = people_upcoming.user_id

)

select * from final

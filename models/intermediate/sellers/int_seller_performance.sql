with sellers as (

    select * from {{ ref('stg_sellers') }}

),

windows as (

    select * from {{ ref('int_seller_windows') }}

),

seller_orders as (

    select * from {{ ref('int_seller_orders') }}

),

customers as (

    select * from {{ ref('int_seller_customers') }}

),

stock_and_balances as (

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
        {% for scope in ('', 'raw_') -%}
            {% for tally in ('evaluated', 'shipped', 'promised', 'resolved', 'ended', 'completed') -%}
                seller_orders.{{ scope }}{{ tally }},
                seller_orders.{{ scope }}{{ tally }}_first_at,
                seller_orders.{{ scope }}{{ tally }}_last_at,
            {% endfor -%}
            {% for number in ('fulfilled', 'on_time', 'returned', 'disputed', 'defective', 'positive') -%}
                seller_orders.{{ scope }}{{ number }},
            {% endfor -%}
            {{ tallied(
                'customers',
                [scope ~ 'customers', scope ~ 'earlier_customers'],
                [scope ~ 'repeat_customers', scope ~ 'retained_customers']
            ) }},
        {% endfor -%}
        seller_orders.has_exclusions,
        seller_orders.known + seller_orders.unreviewed as known,
        {% for number in (
            'problems', 'rated', 'discontent', 'shipped_ever', 'floored_seconds_ever', 'shipped_lately',
            'floored_seconds_lately',
        ) -%}
            seller_orders.{{ number }},
        {% endfor -%}
        coalesce(customers.total_customers, 0) as total_customers,
        coalesce(round(seller_orders.processing_seconds / 3600 / nullif(seller_orders.shipped, 0), 2), 0)
            as avg_processing_time,
        seller_orders.completed_orders as total_sales,
        seller_orders.revenue as total_revenue,
        coalesce(round(seller_orders.revenue / nullif(seller_orders.completed_orders, 0), 2), 0)
            as avg_order_value,
        seller_orders.last_30_days_sales,
        seller_orders.last_30_days_revenue,
        seller_orders.earlier_30_days_revenue,
        seller_orders.last_60_days_first_at,
        seller_orders.last_60_days_last_at,
        {{ tallied('stock_and_balances', [], [
            'active_listings', 'sold_out_listings', 'avg_stock_level', 'pending_balance',
            'available_balance', 'total_withdrawn',
        ]) }},
        {{ tallied('user_messages', ['recent_threads'], [
            'recent_threads_answered', 'response_rate', 'response_time_avg',
        ]) }},
        least(
            {{ leaves('least(
                seller_orders.shipped_first_at,
                seller_orders.raw_evaluated_first_at,
                seller_orders.raw_promised_first_at,
                seller_orders.raw_resolved_first_at
            )', 'windows.window_days') }},
            {{ leaves('seller_orders.last_30_days_first_at', 30) }},
            {{ leaves('seller_orders.last_60_days_first_at', 60) }},
            {% for day, days in (
                ('first_unreviewed_on', 'silence_days'), ('first_shipped_on', 'processing_days')
            ) -%}
                {{ start_of_day('seller_orders.' ~ day ~ ' + ' ~ policy(days) ~ '::integer') }},
            {% endfor -%}
            seller_orders.next_step_at,
            customers.next_step_at,
            user_messages.next_step_at,
            stock_and_balances.next_step_at,
            upcoming.next_event_at,
            -- What its person buys or reviews is none of the shop's.
            people_upcoming.next_message_at
        ) as valid_until
    from windows
    inner join sellers on windows.seller_id = sellers.seller_id
    inner join seller_orders on windows.seller_id = seller_orders.seller_id
    left join customers on windows.seller_id = customers.seller_id
    left join stock_and_balances on windows.seller_id = stock_and_balances.seller_id
    left join user_messages on sellers.user_id = user_messages.user_id
    left join upcoming on windows.seller_id = upcoming.seller_id
    left join people_upcoming on sellers.user_id = people_upcoming.user_id

)

select * from final

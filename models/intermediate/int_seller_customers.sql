with due_sellers as (

    select * from {{ ref('int_due_sellers') }}

),

orders as (

    select * from {{ ref('int_orders') }}
    where outcome = 'completed'

),

timed as (

    select
        orders.seller_id,
        orders.buyer_id,
        orders.resolved_at,
        not orders.is_excluded as is_rated,
        orders.resolved_at > {{ days_ago(policy('retention_window_days')) }} as is_late,
        {{ is_earlier('orders.resolved_at') }} as is_earlier
    from orders
    inner join due_sellers on orders.seller_id = due_sellers.seller_id

),

-- What each buyer bought at each shop; excluded orders make a customer, but no rate.
customers as (

    select
        seller_id,
        buyer_id,
        {% for scope, kept in (('', 'is_rated'), ('raw_', 'true')) -%}
            count(*) filter (where {{ kept }}) as {{ scope }}orders,
            min(resolved_at) filter (where {{ kept }}) as {{ scope }}first_at,
            max(resolved_at) filter (where {{ kept }}) as {{ scope }}last_at,
            bool_or({{ kept }} and is_late) as {{ scope }}is_late,
            min(resolved_at) filter (where {{ kept }} and is_earlier) as {{ scope }}earlier_first_at,
            max(resolved_at) filter (where {{ kept }} and is_earlier) as {{ scope }}earlier_last_at,
        {% endfor -%}
        min(resolved_at) filter (where is_late) as late_first_at
    from timed
    group by seller_id, buyer_id

),

final as (

    select
        seller_id,
        count(*) as total_customers,
        {% for scope in ('', 'raw_') -%}
            count(*) filter (where {{ scope }}orders > 0) as {{ scope }}customers,
            min({{ scope }}first_at) as {{ scope }}customers_first_at,
            max({{ scope }}last_at) as {{ scope }}customers_last_at,
            count(*) filter (where {{ scope }}orders > 1) as {{ scope }}repeat_customers,
            count({{ scope }}earlier_first_at) as {{ scope }}earlier_customers,
            min({{ scope }}earlier_first_at) as {{ scope }}earlier_customers_first_at,
            max({{ scope }}earlier_last_at) as {{ scope }}earlier_customers_last_at,
            count({{ scope }}earlier_first_at) filter (where {{ scope }}is_late) as {{ scope }}kept_customers,
        {% endfor -%}
        -- When a purchase leaves one of the two quarters.
        least(
            {{ leaves('min(late_first_at)', policy('retention_window_days')) }},
            {{ leaves('min(raw_earlier_first_at)', '2 * ' ~ policy('retention_window_days')) }}
        ) as next_step_at
    from customers
    group by seller_id

)

select * from final

with seller_orders as (

    select seller_orders.* from {{ ref('int_seller_orders') }} as seller_orders
    {{ only_due('seller_orders', 'seller_id', ref('int_due_sellers')) }}

),

repeats as (

    select
        repeats.*,
        {{ is_late('repeats.bought_at') }} as is_late,
        {{ is_earlier('repeats.bought_at') }} as is_earlier,
        {{ is_earlier('repeats.last_bought_at') }} as was_earlier,
        {{ is_earlier('repeats.raw_last_bought_at') }} as raw_was_earlier
    from {{ ref('int_repeat_purchases') }} as repeats
    {{ only_due('repeats', 'seller_id', ref('int_due_sellers')) }}

),

-- The first purchase of this quarter by somebody whose last one lies in the quarter before keeps a
-- customer.
counted as (

    select
        {% for scope in ('', 'raw_') -%}
            count(*) filter (where {{ scope }}earlier > 0) as {{ scope }}repeats,
            count(*) filter (where {{ scope }}earlier = 1) as {{ scope }}repeat_customers,
            count(*) filter (where is_earlier and {{ scope }}was_earlier) as {{ scope }}earlier_repeats,
            count(*) filter (where is_late and {{ scope }}was_earlier) as {{ scope }}retained_customers,
        {% endfor -%}
        seller_id
    from repeats
    group by seller_id

),

-- There are as many customers as purchases that are nobody's second.
final as (

    select
        seller_orders.seller_id,
        seller_orders.raw_completed - coalesce(counted.raw_repeats, 0) as total_customers,
        {% for scope in ('', 'raw_') -%}
            seller_orders.{{ scope }}completed - coalesce(counted.{{ scope }}repeats, 0)
                as {{ scope }}customers,
            seller_orders.{{ scope }}completed_first_at as {{ scope }}customers_first_at,
            seller_orders.{{ scope }}completed_last_at as {{ scope }}customers_last_at,
            coalesce(counted.{{ scope }}repeat_customers, 0) as {{ scope }}repeat_customers,
            seller_orders.{{ scope }}earlier - coalesce(counted.{{ scope }}earlier_repeats, 0)
                as {{ scope }}earlier_customers,
            seller_orders.{{ scope }}earlier_first_at as {{ scope }}earlier_customers_first_at,
            seller_orders.{{ scope }}earlier_last_at as {{ scope }}earlier_customers_last_at,
            coalesce(counted.{{ scope }}retained_customers, 0) as {{ scope }}retained_customers,
        {% endfor -%}
        -- When a purchase leaves one of the two quarters.
        least(
            {{ leaves('seller_orders.raw_late_first_at', policy('retention_window_days')) }},
            {{ leaves('seller_orders.raw_earlier_first_at', '2 * ' ~ policy('retention_window_days')) }}
        ) as next_step_at
    from seller_orders
    left join counted on seller_orders.seller_id = counted.seller_id

)

select * from final

with seller_orders as (

    select seller_orders.* from {{ ref('int_seller_orders') }} as seller_orders
    {{ only_due('seller_orders', 'seller_id', ref('int_due_sellers')) }}

),

exclusions as (

    select * from {{ ref('int_seller_exclusions') }}

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

-- The first purchase of this quarter by somebody whose last one lies in the quarter before keeps a customer.
counted as (

    select
        {% for scope in ('', 'raw_') -%}
            count(*) filter (where {{ scope }}earlier > 0) as {{ scope }}repeats,
            count(*) filter (where {{ scope }}earlier = 1) as {{ scope }}repeat_customers,
            count(*) filter (where is_earlier and {{ scope }}was_earlier) as {{ scope }}earlier_repeats,
            count(*) filter (where is_late and {{ scope }}was_earlier) as {{ scope }}kept_customers,
        {% endfor -%}
        seller_id
    from repeats
    group by seller_id

),

purchases as (

    select
        seller_orders.seller_id,
        {{ tallied('seller_orders', ['completed', 'late', 'earlier']) }},
        {{ tallied_raw('seller_orders', 'exclusions', ['completed', 'late', 'earlier']) }}
    from seller_orders
    left join exclusions on seller_orders.seller_id = exclusions.seller_id

),

-- There are as many customers as purchases that are nobody's second.
final as (

    select
        purchases.seller_id,
        purchases.raw_completed - coalesce(counted.raw_repeats, 0) as total_customers,
        {% for scope in ('', 'raw_') -%}
            purchases.{{ scope }}completed - coalesce(counted.{{ scope }}repeats, 0) as {{ scope }}customers,
            purchases.{{ scope }}completed_first_at as {{ scope }}customers_first_at,
            purchases.{{ scope }}completed_last_at as {{ scope }}customers_last_at,
            coalesce(counted.{{ scope }}repeat_customers, 0) as {{ scope }}repeat_customers,
            purchases.{{ scope }}earlier - coalesce(counted.{{ scope }}earlier_repeats, 0) as {{ scope }}earlier_customers,
            purchases.{{ scope }}earlier_first_at as {{ scope }}earlier_customers_first_at,
            purchases.{{ scope }}earlier_last_at as {{ scope }}earlier_customers_last_at,
            coalesce(counted.{{ scope }}kept_customers, 0) as {{ scope }}kept_customers,
        {% endfor -%}
        -- When a purchase leaves one of the two quarters.
        least(
            {{ leaves('purchases.raw_late_first_at', policy('retention_window_days')) }},
            {{ leaves('purchases.raw_earlier_first_at', '2 * ' ~ policy('retention_window_days')) }}
        ) as next_step_at
    from purchases
    left join counted on purchases.seller_id = counted.seller_id

)

select * from final

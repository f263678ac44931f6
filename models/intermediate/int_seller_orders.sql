with orders as (

    select
        shipments.*,
        coalesce(ratings.rating >= {{ policy('positive_rating_from') }}, false) as is_positive
    from {{ ref('int_shipments') }} as shipments
    left join {{ ref('int_order_ratings') }} as ratings on shipments.order_id = ratings.order_id

),

windows as (

    select * from {{ ref('int_seller_windows') }}

),

flagged as (

    select {{ seller_order_flags() }}
    from orders
    inner join windows on orders.seller_id = windows.seller_id

),

-- Excluded orders count over life; they leave the tallies, and int_seller_exclusions shows them beside.
final as (

    select
        seller_id,
        count(*) filter (where is_completed) as completed_orders,
        coalesce(sum(amount) filter (where is_completed), 0) as revenue,
        count(*) filter (where is_completed and resolved_at > {{ days_ago(30) }}) as last_30_days_sales,
        coalesce(sum(amount) filter (where is_completed and resolved_at > {{ days_ago(30) }}), 0) as last_30_days_revenue,
        coalesce(
            sum(amount) filter (where is_completed and resolved_at > {{ days_ago(60) }} and resolved_at <= {{ days_ago(30) }}), 0
        ) as earlier_30_days_revenue,
        min(resolved_at) filter (where is_completed and resolved_at > {{ days_ago(30) }}) as last_30_days_first_at,
        min(resolved_at) filter (where is_completed and resolved_at > {{ days_ago(60) }}) as last_60_days_first_at,
        max(resolved_at) filter (where is_completed and resolved_at > {{ days_ago(60) }}) as last_60_days_last_at,
        min(next_step_at) as next_step_at,
        {{ seller_order_tallies('not is_excluded') }}
    from flagged
    group by seller_id

)

select * from final

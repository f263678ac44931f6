{#- What other documents count, too, is read where they have it. A referred member counts as trust counts
    them, once they have bought (stg_referrals). -#}
{%- set metrics = ['purchases', 'sales', 'reviews', 'helpful_reviews', 'referrals'] -%}

with user_orders as (

    select * from {{ ref('int_user_orders') }}

),

counterparties as (

    select * from {{ ref('int_user_counterparties') }}

),

user_reviews as (

    select * from {{ ref('int_user_reviews') }}

),

user_conduct as (

    select * from {{ ref('int_user_cases_and_referrals') }}

),

streaks as (

    select * from {{ ref('int_user_streaks') }}

),

upcoming as (

    select * from {{ ref('int_user_upcoming') }}

),

experience_rules as (

    select
        max(points) filter (where metric = 'purchases') as purchases_each,
        max(points) filter (where metric = 'sales') as sales_each,
        max(points) filter (where metric = 'reviews') as reviews_each,
        max(points) filter (where metric = 'helpful_reviews') as helpful_reviews_each,
        max(points) filter (where metric = 'referrals') as referrals_each
    from {{ ref('experience_rules') }}

),

counted as (

    select
        user_orders.user_id,
        user_orders.completed_orders_as_buyer as purchases,
        user_orders.completed_orders - user_orders.completed_orders_as_buyer as sales,
        coalesce(streaks.reviews, 0) as reviews,
        coalesce(user_reviews.trusted_helpful_reviews, 0) as helpful_reviews,
        user_conduct.referrals,
        coalesce(counterparties.counterparties, 0) as partners,
        coalesce(streaks.purchase_streak, 0) as purchase_streak,
        streaks.purchase_streak_from,
        streaks.purchase_streak_to,
        coalesce(streaks.review_streak, 0) as review_streak,
        streaks.review_streak_from,
        streaks.review_streak_to,
        least(
            user_orders.next_event_at,
            user_conduct.next_event_at,
            streaks.next_step_at,
            upcoming.next_event_at
        ) as next_step_at
    from user_orders
    inner join user_conduct on user_orders.user_id = user_conduct.user_id
    left join counterparties on user_orders.user_id = counterparties.user_id
    left join user_reviews on user_orders.user_id = user_reviews.user_id
    left join streaks on user_orders.user_id = streaks.user_id
    left join upcoming on user_orders.user_id = upcoming.user_id

),

valued as (

    select
        {% for metric in metrics -%}
            rules.{{ metric }}_each,
            counted.{{ metric }} * rules.{{ metric }}_each as {{ metric }}_points,
        {% endfor -%}
        counted.*
    from counted
    cross join experience_rules as rules

),

final as (

    select
        *,
        {{ metrics | join('_points + ') }}_points as experience_points
    from valued

)

select * from final

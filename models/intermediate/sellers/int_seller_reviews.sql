with due_sellers as (

    select * from {{ ref('int_due_sellers') }}

),

reviews as (

    select
        *,
        created_at >= {{ window_start(30) }} as is_last_30_days,
        created_at >= {{ window_start(90) }} as is_last_90_days
    from {{ ref('int_reviews') }}
    where not is_summed

),

days as (

    select * from {{ ref('int_due_review_days') }}
    where is_whole

),

-- Sums of reviews that no window parts: of single ones by the windows they lie in, and of whole days.
parts as (

    select
        seller_id,
        {{ summed_reviews() }}
    from reviews
    group by seller_id, is_last_30_days, is_last_90_days
    union all
    select
        seller_id,
        total_reviews,
        total_reviews_first_at,
        total_reviews_last_at,
        {{ review_sums() | join(', ') }}
    from days

),

windowed as (

    select
        parts.*,
        parts.total_reviews_first_at >= {{ window_start(30) }} as is_last_30_days,
        parts.total_reviews_first_at >= {{ window_start(90) }} as is_last_90_days
    from parts
    inner join due_sellers on parts.seller_id = due_sellers.seller_id

),

final as (

    select
        seller_id,
        {{ total('total_reviews') }},
        min(total_reviews_first_at) as first_review_at,
        max(total_reviews_last_at) as last_review_at,
        {{ total('rating_sum') }},
        {% for stars in ('five_star', 'four_star', 'three_star', 'two_star', 'one_star') -%}
            {{ total(stars) }},
        {% endfor -%}
        {% for dimension in rating_dimensions() -%}
            sum({{ dimension }}_sum) / nullif(sum({{ dimension }}_ratings), 0) as {{ dimension }}_mean,
        {% endfor -%}
        {% for days in (30, 90) -%}
            {{ total('total_reviews', 'is_last_' ~ days ~ '_days', as='last_' ~ days ~ '_days_reviews') }},
            {{ total('rating_sum', 'is_last_' ~ days ~ '_days', as='last_' ~ days ~ '_days_sum') }},
            min(total_reviews_first_at) filter (where is_last_{{ days }}_days) as first_{{ days }}_days_at,
            max(total_reviews_last_at) filter (where is_last_{{ days }}_days) as last_{{ days }}_days_at,
        {% endfor -%}
        -- When the first review leaves one of the windows.
        least(
            {{ leaves('min(total_reviews_first_at) filter (where is_last_30_days)', 30) }},
            {{ leaves('min(total_reviews_first_at) filter (where is_last_90_days)', 90) }}
        ) as next_step_at
    from windowed
    group by seller_id

)

select * from final

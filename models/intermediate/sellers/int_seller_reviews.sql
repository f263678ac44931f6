with days as (

    select
        days.*,
        days.day >= {{ first_day(30) }} as is_last_30_days,
        days.day >= {{ first_day(90) }} as is_last_90_days
    from {{ ref('int_review_days') }} as days
    {{ only_due('days', 'seller_id', ref('int_due_sellers')) }}

),

final as (

    select
        seller_id,
        {{ total('total_reviews') }},
        min(total_reviews_first_at) as first_review_at,
        max(total_reviews_last_at) as last_review_at,
        {{ total('rating_sum') }},
        {{ tally_of_parts('counted', as='counted_reviews') }},
        {{ total('counted_sum') }},
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
    from days
    group by seller_id

)

select * from final

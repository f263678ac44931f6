with due_sellers as (

    select * from {{ ref('int_due_sellers') }}

),

seller_reviews as (

    select * from {{ ref('int_seller_reviews') }}

),

upcoming as (

    select * from {{ ref('int_seller_upcoming') }}

),

-- Shops without a review keep the guide's defaults, which are zeros.
counted as (

    select
        due_sellers.seller_id,
        coalesce(seller_reviews.total_reviews, 0) as total_reviews,
        coalesce(seller_reviews.rating_sum, 0) as rating_sum,
        coalesce(seller_reviews.counted_reviews, 0) as counted_reviews,
        coalesce(seller_reviews.counted_sum, 0) as counted_sum,
        coalesce(seller_reviews.last_30_days_reviews, 0) as recent_reviews,
        coalesce(seller_reviews.last_30_days_sum, 0) as recent_sum,
        coalesce(seller_reviews.last_90_days_reviews, 0) as quarter_reviews,
        coalesce(seller_reviews.last_90_days_sum, 0) as quarter_sum,
        coalesce(seller_reviews.last_90_days_reviews - seller_reviews.last_30_days_reviews, 0)
            as earlier_reviews,
        coalesce(seller_reviews.last_90_days_sum - seller_reviews.last_30_days_sum, 0) as earlier_sum,
        jsonb_build_object(
            'five_star', coalesce(seller_reviews.five_star, 0),
            'four_star', coalesce(seller_reviews.four_star, 0),
            'three_star', coalesce(seller_reviews.three_star, 0),
            'two_star', coalesce(seller_reviews.two_star, 0),
            'one_star', coalesce(seller_reviews.one_star, 0)
        ) as rating_distribution,
        {% for dimension in rating_dimensions() -%}
            seller_reviews.{{ dimension }}_mean,
        {% endfor -%}
        seller_reviews.first_review_at,
        seller_reviews.last_review_at,
        seller_reviews.counted_reviews_first_at,
        seller_reviews.counted_reviews_last_at,
        seller_reviews.first_30_days_at,
        seller_reviews.last_30_days_at,
        seller_reviews.first_90_days_at,
        seller_reviews.last_90_days_at,
        least(seller_reviews.next_step_at, upcoming.next_event_at) as valid_until
    from due_sellers
    left join seller_reviews on due_sellers.seller_id = seller_reviews.seller_id
    left join upcoming on due_sellers.seller_id = upcoming.seller_id

),

averaged as (

    select
        *,
        {{ mean('rating_sum', 'total_reviews') }} as overall,
        {{ mean('recent_sum', 'recent_reviews') }} as last_30_days_avg,
        {{ mean('quarter_sum', 'quarter_reviews') }} as last_90_days_avg,
        {{ mean(
            '(counted_sum + ' ~ policy('adjusted_rating_k') ~ ' * ' ~ policy('adjusted_rating_prior') ~ ')',
            '(counted_reviews + ' ~ policy('adjusted_rating_k') ~ ')'
        ) }} as adjusted,
        case
            when least(recent_reviews, earlier_reviews) < {{ policy('trend_min_reviews') }} then 'stable'
            -- Compared after multiplying out: a difference of exactly the threshold is stable.
            when
                recent_sum * earlier_reviews - earlier_sum * recent_reviews
                > {{ policy('trend_threshold') }} * recent_reviews * earlier_reviews then 'improving'
            when
                earlier_sum * recent_reviews - recent_sum * earlier_reviews
                > {{ policy('trend_threshold') }} * recent_reviews * earlier_reviews then 'declining'
            else 'stable'
        end as rating_trend
    from counted

),

final as (

    select
        seller_id,
        total_reviews,
        overall,
        adjusted,
        rating_trend,
        valid_until,
        jsonb_build_object(
            'overall', overall,
            'total_reviews', total_reviews,
            {% for dimension in rating_dimensions() -%}
                '{{ dimension }}', coalesce({{ dimension }}_mean::numeric(4, 2), overall),
            {% endfor -%}
            'rating_distribution', rating_distribution,
            'rating_trend', rating_trend,
            'last_30_days_avg', last_30_days_avg,
            'last_90_days_avg', last_90_days_avg,
            'adjusted', adjusted,
            'evidence', jsonb_build_object(
                'overall',
                {{ rate_evidence('rating_sum', 'total_reviews', 'first_review_at', 'last_review_at') }},
                'last_30_days_avg',
                {{ rate_evidence('recent_sum', 'recent_reviews', 'first_30_days_at', 'last_30_days_at') }},
                'last_90_days_avg',
                {{ rate_evidence(
                    'quarter_sum', 'quarter_reviews', 'first_90_days_at', 'last_90_days_at'
                ) }},
                'adjusted',
                {{ tally_evidence('counted_sum', 'counted_reviews') }}
                || jsonb_build_object(
                    'k', {{ policy('adjusted_rating_k') }}, 'prior', {{ policy('adjusted_rating_prior') }}
                )
            ),
            'last_updated', {{ utc_text(as_of()) }}
        ) as document
    from averaged

)

select * from final

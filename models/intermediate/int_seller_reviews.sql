with due_sellers as (

    select * from {{ ref('int_due_sellers') }}

),

reviews as (

    select * from {{ ref('int_reviews') }}

),

windowed as (

    select
        reviews.*,
        reviews.created_at > {{ days_ago(30) }} as is_last_30_days,
        reviews.created_at > {{ days_ago(90) }} as is_last_90_days
    from reviews
    inner join due_sellers on reviews.seller_id = due_sellers.seller_id

),

final as (

    select
        seller_id,
        count(*) as total_reviews,
        sum(rating) as rating_sum,
        min(created_at) as first_review_at,
        max(created_at) as last_review_at,
        {% for dimension in rating_dimensions() -%}
            avg({{ detailed_rating(dimension) }}) as {{ dimension }}_mean,
        {% endfor -%}
        count(*) filter (where rating = 5) as five_star,
        count(*) filter (where rating = 4) as four_star,
        count(*) filter (where rating = 3) as three_star,
        count(*) filter (where rating = 2) as two_star,
        count(*) filter (where rating = 1) as one_star,
        count(*) filter (where is_last_30_days) as last_30_days_reviews,
        coalesce(sum(rating) filter (where is_last_30_days), 0) as last_30_days_sum,
        min(created_at) filter (where is_last_30_days) as first_30_days_at,
        max(created_at) filter (where is_last_30_days) as last_30_days_at,
        count(*) filter (where is_last_90_days) as last_90_days_reviews,
        coalesce(sum(rating) filter (where is_last_90_days), 0) as last_90_days_sum,
        min(created_at) filter (where is_last_90_days) as first_90_days_at,
        max(created_at) filter (where is_last_90_days) as last_90_days_at,
        -- When the first review leaves one of the windows.
        least(
            min(created_at) filter (where is_last_30_days) + make_interval(hours => 24 * 30),
            min(created_at) filter (where is_last_90_days) + make_interval(hours => 24 * 90)
        ) as next_step_at
    from windowed
    group by seller_id

)

select * from final

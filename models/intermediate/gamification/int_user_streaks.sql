with purchase_months as (

    select
        user_id,
        date_trunc('month', resolved_on::timestamp) as first_day
    from {{ ref('int_purchases') }}
    where is_completed and lifts_trust
    group by user_id, first_day

),

-- An undated review is of no month.
review_months as (

    select
        reviews.reviewer_id as user_id,
        date_trunc('month', reviews.day::timestamp) as first_day,
        count(*) as reviews
    from {{ ref('int_review_facts') }} as reviews
    {{ only_due('reviews', 'reviewer_id', ref('int_due_users'), 'user_id') }}
    where reviews.is_known and reviews.moves_trust and reviews.reviewer_id is not null
    group by reviews.reviewer_id, first_day

),

months as (

    select
        user_id,
        first_day,
        'purchase' as act,
        0 as reviews
    from purchase_months
    union all
    select
        user_id,
        first_day,
        'review' as act,
        reviews
    from review_months

),

-- Counted back from the newest, the months of one streak follow each other.
counted_back as (

    select
        *,
        max(first_day) over whole as last_month,
        first_day + make_interval(months => row_number() over back::integer - 1) = max(first_day) over whole
        and isfinite(first_day) as is_of_newest_streak
    from months
    window
        whole as (partition by user_id, act),
        back as (partition by user_id, act order by first_day desc)

),

-- A streak ends with this month or the last one: the current month breaks nothing until it is over.
current_streaks as (

    select
        *,
        is_of_newest_streak
        and last_month >= {{ business_month(as_of()) }} - interval '1 month' as is_of_streak
    from counted_back

),

final as (

    select
        user_id,
        sum(reviews)::bigint as reviews,
        {% for act in ('purchase', 'review') -%}
            count(*) filter (where is_of_streak and act = '{{ act }}') as {{ act }}_streak,
            min(first_day) filter (where is_of_streak and act = '{{ act }}') as {{ act }}_streak_from,
            max(first_day) filter (where is_of_streak and act = '{{ act }}') as {{ act }}_streak_to,
        {% endfor -%}
        {{ start_of_day("(min(last_month) filter (where is_of_streak) + interval '2 months')::date") }}
            as next_step_at
    from current_streaks
    group by user_id

)

select * from final

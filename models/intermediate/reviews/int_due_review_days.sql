{{ config(kind='of_the_due', looked_up=['seller_id', 'summed_on', 'user_id', 'is_whole']) }}

with final as (

    {{ days_of_the_due(ref('int_review_days'), no_window_ends('days.total_reviews', [30, 90])) }}

)

select * from final  -- noqa: AM04

with due_users as (

    select * from {{ ref('int_due_users') }}

),

users as (

    select * from {{ ref('stg_users') }}

),

kyc_statuses as (

    select * from {{ ref('kyc_statuses') }}

),

user_orders as (

    select * from {{ ref('int_user_orders') }}

),

user_reviews as (

    select * from {{ ref('int_user_reviews') }}

),

user_messages as (

    select * from {{ ref('int_user_messages') }}

),

user_conduct as (

    select * from {{ ref('int_user_conduct') }}

),

final as (

    select
        users.user_id,
        users.created_at,
        users.is_banned,
        users.email_verified::integer as email_verified,
        users.phone_verified::integer as phone_verified,
        coalesce(kyc_statuses.verified, 0) as kyc_verified,
        users.two_factor_enabled::integer as two_factor_enabled,
        floor(extract(epoch from {{ as_of() }} - users.created_at) / 86400)::integer as account_age_days,
        coalesce(user_orders.completed_orders, 0) as completed_orders,
        coalesce(user_orders.completed_orders_as_buyer, 0) as completed_orders_as_buyer,
        coalesce(user_orders.counterparties, 0) as counterparties,
        coalesce(user_orders.completed_value, 0) as completed_value,
        coalesce(user_orders.clean_orders, 0) as clean_orders,
        user_orders.first_clean_at,
        user_orders.last_clean_at,
        coalesce(user_orders.own_cancellations, 0) as own_cancellations,
        user_orders.first_cancellation_at,
        user_orders.last_cancellation_at,
        coalesce(user_orders.disputes_lost, 0) as disputes_lost,
        user_orders.first_loss_at,
        user_orders.last_loss_at,
        coalesce(user_messages.threads_judged, 0) as threads_judged,
        coalesce(user_messages.threads_answered, 0) as threads_answered,
        user_messages.first_thread_at,
        user_messages.last_thread_at,
        user_conduct.upheld_reports,
        user_conduct.first_report_at,
        user_conduct.last_report_at,
        user_conduct.warnings,
        user_conduct.first_warning_at,
        user_conduct.last_warning_at,
        coalesce(user_reviews.ratings_received, 0) as ratings_received,
        coalesce(user_reviews.positive_ratings, 0) as positive_ratings,
        user_reviews.first_rating_at,
        user_reviews.last_rating_at,
        coalesce(user_reviews.helpful_reviews, 0) as helpful_reviews,
        user_conduct.referrals,
        -- The first event to leave the trust window, to come, or to be judged.
        least(
            least(
                user_orders.first_clean_at,
                user_orders.first_cancellation_at,
                user_orders.first_loss_at,
                user_messages.first_thread_at,
                user_conduct.first_report_at,
                user_conduct.first_warning_at
            ) + make_interval(hours => 24 * {{ policy('trust_window_days') }}::integer),
            user_orders.next_event_at,
            user_messages.next_judgement_at,
            user_conduct.next_event_at
        ) as next_step_at
    from due_users
    inner join users on due_users.user_id = users.user_id
    left join kyc_statuses on users.kyc_status = kyc_statuses.kyc_status
    left join user_orders on due_users.user_id = user_orders.user_id
    left join user_reviews on due_users.user_id = user_reviews.user_id
    left join user_messages on due_users.user_id = user_messages.user_id
    left join user_conduct on due_users.user_id = user_conduct.user_id

)

select * from final

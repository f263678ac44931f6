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

counterparties as (

    select * from {{ ref('int_user_counterparties') }}

),

user_reviews as (

    select * from {{ ref('int_user_reviews') }}

),

user_messages as (

    select * from {{ ref('int_user_messages') }}

),

user_conduct as (

    select * from {{ ref('int_user_cases_and_referrals') }}

),

upcoming as (

    select * from {{ ref('int_user_upcoming') }}

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
        user_orders.completed_orders,
        user_orders.completed_orders_as_buyer,
        coalesce(counterparties.counterparties, 0) as counterparties,
        user_orders.completed_value,
        {% for tally in ('clean', 'own_cancellations', 'disputes_lost') -%}
            {{ tallied('user_orders', [tally, 'raw_' ~ tally]) }},
        {% endfor -%}
        user_orders.has_exclusions,
        {{ tallied('user_messages', ['threads'], ['threads_answered']) }},
        {{ tallied('user_conduct', ['reports', 'warnings']) }},
        {{ tallied('user_reviews', ['ratings'], ['positive_ratings']) }},
        coalesce(user_reviews.trusted_helpful_reviews, 0) as helpful_reviews,
        user_conduct.referrals,
        -- The first event to leave the trust window, to come, or to be evaluated.
        least(
            {{ leaves('least(
                user_orders.raw_clean_first_at,
                user_orders.raw_own_cancellations_first_at,
                user_orders.raw_disputes_lost_first_at,
                user_conduct.reports_first_at,
                user_conduct.warnings_first_at
            )', policy('trust_window_days')) }},
            user_orders.next_event_at,
            user_messages.next_step_at,
            user_conduct.next_event_at,
            upcoming.next_event_at
        ) as next_step_at
    from due_users
    inner join users on due_users.user_id = users.user_id
    left join kyc_statuses on users.kyc_status = kyc_statuses.kyc_status
    inner join user_orders on due_users.user_id = user_orders.user_id
    left join counterparties on due_users.user_id = counterparties.user_id
    left join user_reviews on due_users.user_id = user_reviews.user_id
    left join user_messages on due_users.user_id = user_messages.user_id
    left join user_conduct on due_users.user_id = user_conduct.user_id
    left join upcoming on due_users.user_id = upcoming.user_id

)

select * from final

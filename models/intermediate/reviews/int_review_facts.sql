{{ config(
    materialized='incremental_by_key',
    of='rows',
    source='reviews',
    concerns=['reviewer_id', 'seller_id'],
    key=['review_id'],
    unique=true,
    stored_by=['seller_id', 'day'],
    stale='stale_reviews',
    along={'stale_review_days': {'seller_id': 'seller_id', 'day': 'day'}},
    indexes=[{'columns': ['seller_id', 'day']}, {'columns': ['reviewer_id']}, {'columns': ['order_id']}],
    partial_indexes={'next_step_at': 'next_step_at is not null', 'seller_id': 'not is_known'},
) }}

with reviews as (

    select reviews.* from {{ ref('stg_reviews') }} as reviews
    {{ only_stale('reviews', 'review_id', source('standing', 'stale_reviews')) }}
    where reviews.moderation_status != 'rejected'

),

upcoming as (

    select distinct on (reviews.review_id) reviews.*
    from {{ ref('stg_upcoming_reviews') }} as reviews
    {{ only_stale('reviews', 'review_id', source('standing', 'stale_reviews')) }}
    where reviews.review_id is not null
    order by reviews.review_id asc, reviews.next_event_at asc

),

orders as not materialized (

    select * from {{ ref('stg_orders') }}

),

-- An order that is still to come gives its review another shop, or its writer's own.
upcoming_orders as (

    select
        orders.order_id,
        min(orders.next_event_at) as next_event_at
    from {{ ref('stg_upcoming_orders') }} as orders
    {{ only_stale('orders', 'order_id', source('standing', 'stale_orders')) }}
    group by orders.order_id

),

order_returns as (

    select
        sent_back.order_id,
        min(sent_back.completed_at) as returned_at
    from {{ ref('stg_returns') }} as sent_back
    {{ only_stale('sent_back', 'order_id', source('standing', 'stale_orders')) }}
    group by sent_back.order_id

),

sellers as (

    select * from {{ ref('stg_sellers') }}

),

upcoming_sellers as (

    select * from {{ ref('stg_upcoming_sellers') }}

),

-- A review is of its order's shop; without an order, of the shop it names.
attributed as (

    select
        reviews.review_id,
        reviews.order_id,
        reviews.rating,
        reviews.created_at,
        reviews.detailed_ratings,
        reviews.helpful_count,
        reviews.has_orders,
        coalesce(orders.seller_id, reviews.seller_id) as seller_id,
        coalesce(reviews.reviewer_id, orders.buyer_id) as reviewer_id,
        orders.buyer_id,
        orders.total_amount,
        orders.has_amounts,
        orders.payment_at,
        orders.called_off_at,
        orders.next_event_at as order_changes_at,
        upcoming_orders.next_event_at as ordered_at,
        -- What came of it for the shop.
        case
            when coalesce(orders.cancelled_at, orders.returned_at, order_returns.returned_at) is not null
                then 0
            when orders.refunded_at is not null
                then orders.total_amount - least(orders.refunded_amount, orders.total_amount)
            else orders.total_amount
        end as amount_left
    from reviews
    left join orders on reviews.order_id = orders.order_id
    left join order_returns on orders.order_id = order_returns.order_id
    left join upcoming_orders on reviews.order_id = upcoming_orders.order_id

),

-- Praise of one's own shop counts nowhere, and neither does praise of a shop that is still to come.
countable as (

    select
        attributed.*,
        sellers.user_id as seller_user_id,
        least(
            upcoming_sellers.next_event_at, attributed.ordered_at, attributed.order_changes_at
        ) as next_step_at,
        -- One without a date counts over life only: before any window.
        case
            when sellers.seller_id is not null
                then coalesce({{ business_day('attributed.created_at') }}, '-infinity')
        end as day,
        sellers.seller_id is not null as is_known
    from attributed
    left join sellers on attributed.seller_id = sellers.seller_id
    left join upcoming_sellers on attributed.seller_id = upcoming_sellers.seller_id
    where
        (sellers.seller_id is not null or upcoming_sellers.next_event_at is not null)
        and (attributed.reviewer_id is null or attributed.reviewer_id is distinct from sellers.user_id)
        and (attributed.buyer_id is null or attributed.buyer_id is distinct from sellers.user_id)

),

-- An order gives its buyer one review that moves more than what the page shows; the first one.
placed as (

    select
        *,
        coalesce(reviewer_id = buyer_id, false) as is_by_buyer,
        row_number() over (
            partition by order_id, reviewer_id = buyer_id
            order by created_at asc nulls first, review_id asc
        ) as place
    from countable

),

-- What cost nothing moves nothing: the order was paid, and not called off by its buyer before shipping.
timed as (

    select
        *,
        case
            when not has_orders or {{ policy('reviews_need_order') }} = 0
                then coalesce(created_at, '-infinity')
            when is_by_buyer and place = 1 and payment_at is not null then greatest(created_at, payment_at)
        end as counted_from,
        case
            when has_orders and {{ policy('reviews_need_order') }} != 0 then called_off_at
        end as counted_until
    from placed

),

counted as (

    select
        *,
        counted_from is not null and counted_until is null as is_counted
    from timed

),

-- Praise moves trust by what is left of its order after refunds, and blame by what was ordered.
trusted as (

    select
        *,
        is_counted
        and (
            buyer_id is null
            or not has_amounts
            or coalesce(
                case
                    when rating >= {{ policy('positive_rating_from') }} then amount_left else total_amount
                end, 0
            ) >= {{ policy('min_counted_amount') }}
        ) as moves_trust
    from counted

),

-- Of a review that is still to come no more is known than whom it will concern.
final as (

    select
        review_id,
        order_id,
        seller_id,
        seller_user_id,
        reviewer_id,
        rating,
        created_at,
        detailed_ratings,
        helpful_count,
        null::uuid as named_seller_id,
        null::uuid as buyer_id,
        next_step_at,
        day,
        is_counted,
        counted_from,
        counted_until,
        moves_trust,
        is_known
    from trusted
    union all
    select
        upcoming.review_id,
        upcoming.order_id,
        orders.seller_id,
        null as seller_user_id,
        upcoming.user_id as reviewer_id,
        null as rating,
        null as created_at,
        null as detailed_ratings,
        null as helpful_count,
        upcoming.seller_id as named_seller_id,
        orders.buyer_id,
        upcoming.next_event_at as next_step_at,
        null as day,
        false as is_counted,
        null as counted_from,
        null as counted_until,
        false as moves_trust,
        false as is_known
    from upcoming
    left join orders on upcoming.order_id = orders.order_id

)

select * from final

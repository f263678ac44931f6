{{ config(kind='of_the_due', looked_up=['user_id']) }}

with purchases as not materialized (

    select * from {{ ref('int_purchases') }}

),

shops as (

    select
        sellers.seller_id,
        sellers.user_id
    from {{ ref('stg_sellers') }} as sellers
    {{ only_due('sellers', 'user_id', ref('int_due_users')) }}
    where sellers.user_id is not null

),

-- A purchase is tallied as a day on which nothing else happened would be.
final as (

    select
        user_id,
        is_excluded,
        resolved_on,
        lost_on,
        next_event_at,
        {{ tally_of_one('resolved', 'resolved_at is not null', 'resolved_at') }},
        {{ tally_of_one('clean', 'is_completed and lost_at is null', 'resolved_at') }},
        {{ tally_of_one('own_cancellations', 'is_own_cancellation', 'resolved_at') }},
        {{ tally_of_one('disputes_lost', 'lost_at is not null', 'lost_at') }},
        {{ tally_of_one(
            'concluded',
            "resolved_at is not null and (outcome != 'cancelled' or is_own_cancellation)",
            'resolved_at'
        ) }},
        is_completed::integer as bought,
        is_completed::integer as completed,
        case when is_completed then amount else 0 end as revenue,
        (resolved_at is not null and is_disputed)::integer as disputed
    from purchases
    union all
    select
        shops.user_id,
        days.is_excluded,
        days.day as resolved_on,
        days.day as lost_on,
        null as next_event_at,
        {% for tally in ('resolved', 'clean', 'own_cancellations', 'disputes_lost', 'concluded') -%}
            days.{{ tally }},
            days.{{ tally }}_first_at,
            days.{{ tally }}_last_at,
        {% endfor -%}
        0 as bought,
        days.completed,
        days.revenue,
        days.disputed
    from shops
    inner join {{ ref('int_order_days') }} as days on shops.seller_id = days.seller_id

)

select * from final

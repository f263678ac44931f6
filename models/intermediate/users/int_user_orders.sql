with trade as not materialized (

    select * from {{ ref('int_user_trade') }}

),

windows as (

    select * from {{ ref('int_user_windows') }}

),

flagged as (

    select
        trade.*,
        windows.user_id as member_id,
        trade.resolved_on >= {{ first_day(policy('trust_window_days')) }} as is_in_trust_window,
        trade.lost_on >= {{ first_day(policy('trust_window_days')) }} as is_loss_in_trust_window,
        trade.resolved_on >= windows.first_day as is_in_window
    from windows
    left join trade on windows.user_id = trade.user_id

),

-- Excluded orders count over life; they leave the tallies, and those named raw are with them.
counted as (

    select
        member_id as user_id,
        {{ total('trusted_purchases', as='completed_orders_as_buyer') }},
        {{ total('trusted_purchases + trusted_sales', as='completed_orders') }},
        {{ total('sales_to_partners') }},
        coalesce(sum(trusted_value), 0) as completed_value,
        {% for scope, counts in (('', 'not is_excluded'), ('raw_', 'true')) -%}
            {{ tally_of_parts('clean', counts ~ ' and is_in_trust_window', scope ~ 'clean') }},
            {{ tally_of_parts(
                'own_cancellations', counts ~ ' and is_in_trust_window', scope ~ 'own_cancellations'
            ) }},
            {{ tally_of_parts(
                'disputes_lost', counts ~ ' and is_loss_in_trust_window', scope ~ 'disputes_lost'
            ) }},
            {{ tally_of_parts('resolved', counts ~ ' and is_in_window', scope ~ 'resolved') }},
            {{ tally_of_parts('concluded', counts ~ ' and is_in_window', scope ~ 'concluded') }},
            {{ total('completed', counts ~ ' and is_in_window', scope ~ 'completed') }},
            {{ total('cancelled', counts ~ ' and is_in_window', scope ~ 'cancelled') }},
            {{ total('disputed', counts ~ ' and is_in_window', scope ~ 'disputed') }},
        {% endfor -%}
        min(next_event_at) as next_purchase_event_at,
        coalesce(bool_or(is_excluded), false) as has_excluded
    from flagged
    group by member_id

),

of_own_shops as (

    select
        user_id,
        min(next_event_at) as next_event_at,
        bool_or(has_exclusions) as has_exclusions
    from {{ ref('int_unsettled_orders') }}
    where user_id is not null
    group by user_id

),

final as (

    select
        counted.*,
        least(counted.next_purchase_event_at, of_own_shops.next_event_at) as next_event_at,
        counted.has_excluded or coalesce(of_own_shops.has_exclusions, false) as has_exclusions
    from counted
    left join of_own_shops on counted.user_id = of_own_shops.user_id

)

select * from final

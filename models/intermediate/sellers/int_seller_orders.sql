with windows as (

    select * from {{ ref('int_seller_windows') }}

),

unsettled as (

    select * from {{ ref('int_unsettled_orders') }}

),

flagged as (

    select
        days.*,
        windows.seller_id as shop_id,
        days.day >= windows.first_day as is_in_window,
        days.day >= {{ first_day(30) }} as is_last_30_days,
        days.day >= {{ first_day(60) }} as is_last_60_days,
        days.day >= {{ first_day(policy('silence_days')) }} as may_be_reviewed,
        days.day >= {{ first_day(policy('processing_days')) }} as is_shipped_lately,
        days.day >= {{ first_day(policy('retention_window_days')) }} as is_late,
        days.day >= {{ first_day('2 * ' ~ policy('retention_window_days')) }}
        and days.day < {{ first_day(policy('retention_window_days')) }} as is_earlier
    from windows
    left join {{ ref('int_order_days') }} as days on windows.seller_id = days.seller_id

),

-- Excluded orders count over life; they leave the tallies, and those named raw are with them.
summed as (

    select
        shop_id as seller_id,
        {{ total('completed', as='completed_orders') }},
        coalesce(sum(revenue), 0) as revenue,
        {{ total('completed', 'is_last_30_days', 'last_30_days_sales') }},
        coalesce(sum(revenue) filter (where is_last_30_days), 0) as last_30_days_revenue,
        coalesce(
            sum(revenue) filter (where is_last_60_days and not is_last_30_days), 0
        ) as earlier_30_days_revenue,
        min(completed_first_at) filter (where is_last_30_days) as last_30_days_first_at,
        min(completed_first_at) filter (where is_last_60_days) as last_60_days_first_at,
        max(completed_last_at) filter (where is_last_60_days) as last_60_days_last_at,
        {% for scope, counts in (('', 'not is_excluded'), ('raw_', 'true')) -%}
            {% for tally in ('evaluated', 'shipped', 'promised', 'resolved', 'ended') -%}
                {{ tally_of_parts(tally, counts ~ ' and is_in_window', scope ~ tally) }},
            {% endfor -%}
            {% for number in ('fulfilled', 'on_time', 'returned', 'disputed', 'defective') -%}
                {{ total(number, counts ~ ' and is_in_window', scope ~ number) }},
            {% endfor -%}
            {{ tally_of_parts('completed', counts, scope ~ 'completed') }},
            {{ total('positive', counts, scope ~ 'positive') }},
            {{ tally_of_parts('completed', counts ~ ' and is_late', scope ~ 'late') }},
            {{ tally_of_parts('completed', counts ~ ' and is_earlier', scope ~ 'earlier') }},
        {% endfor -%}
        sum(processing_seconds) filter (where not is_excluded and is_in_window) as processing_seconds,
        -- What the forecast goes by, over life and lately. Silence counts as content after a while.
        {% for number in ('known', 'problems', 'rated', 'discontent') -%}
            {{ total(number, 'not is_excluded') }},
        {% endfor -%}
        {{ total('unreviewed', 'not is_excluded and not may_be_reviewed') }},
        min(day) filter (
            where unreviewed > 0 and not is_excluded and may_be_reviewed
        ) as first_unreviewed_on,
        {% for span, condition in (('ever', ''), ('lately', ' and is_shipped_lately')) -%}
            {{ total('shipped', 'not is_excluded' ~ condition, 'shipped_' ~ span) }},
            coalesce(
                sum(floored_seconds) filter (where not is_excluded{{ condition }}), 0
            ) as floored_seconds_{{ span }},
        {% endfor -%}
        min(day) filter (where shipped > 0 and not is_excluded and is_shipped_lately) as first_shipped_on
    from flagged
    group by shop_id

),

final as (

    select
        summed.*,
        unsettled.next_step_at,
        coalesce(unsettled.has_exclusions, false) as has_exclusions
    from summed
    left join unsettled on summed.seller_id = unsettled.seller_id

)

select * from final

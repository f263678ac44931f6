{#- What a member's rates are made of, from int_user_order_sides joined with int_user_windows (`kept` picks the orders):
    trust looks back its own fixed window, behavior the member's evaluation window. -#}
{% macro user_order_tallies(kept) -%}
    {{ tally('clean', kept ~ ' and is_clean and is_in_trust_window', 'resolved_at') }},
    {{ tally('own_cancellations', kept ~ ' and is_own_cancellation and is_in_trust_window', 'resolved_at') }},
    {{ tally('disputes_lost', kept ~ ' and is_loss_in_trust_window', 'lost_at') }},
    {{ tally('resolved', kept ~ ' and is_in_window', 'resolved_at') }},
    {{ tally('concluded', kept ~ " and is_in_window and (outcome != 'cancelled' or is_own_cancellation)", 'resolved_at') }},
    count(*) filter (where {{ kept }} and is_in_window and is_completed) as completed,
    count(*) filter (where {{ kept }} and is_in_window and is_own_cancellation) as cancelled,
    count(*) filter (where {{ kept }} and is_in_window and is_disputed) as disputed
{%- endmacro %}

{#- The same of whole days, as the shop's person sees them. -#}
{% macro user_day_tallies() -%}
    {{ tally_of_parts('clean', 'is_in_trust_window') }},
    {{ tally_of_parts('own_cancellations', 'is_in_trust_window') }},
    {{ tally_of_parts('disputes_lost', 'is_loss_in_trust_window') }},
    {{ tally_of_parts('resolved', 'is_in_window') }},
    {{ tally_of_parts('concluded', 'is_in_window') }},
    {{ total('completed', 'is_in_window') }},
    {{ total('own_cancellations', 'is_in_window', as='cancelled') }},
    {{ total('disputed', 'is_in_window') }}
{%- endmacro %}

{#- The flags that user_order_tallies() counts; the counts themselves need no case distinction then. -#}
{% macro user_order_flags() -%}
    sides.*,
    sides.outcome = 'completed' as is_completed,
    sides.outcome = 'completed' and sides.lost_at is null as is_clean,
    coalesce(sides.resolved_at >= {{ window_start(policy('trust_window_days')) }}, false) as is_in_trust_window,
    coalesce(sides.lost_at >= {{ window_start(policy('trust_window_days')) }}, false) as is_loss_in_trust_window,
    coalesce(sides.resolved_at >= windows.window_start, false) as is_in_window
{%- endmacro %}

{#- What a shop's rates in its window are made of, from int_orders joined with int_seller_windows. -#}
{% macro seller_order_tallies(kept) -%}
    {{ tally('judged', kept ~ ' and is_judged_in_window', 'judged_at') }},
    count(*) filter (where {{ kept }} and is_judged_in_window and handed_over_at is not null) as fulfilled,
    {{ tally('shipped', kept ~ ' and is_shipped_in_window', 'shipped_at') }},
    coalesce(sum(processing_seconds) filter (where {{ kept }} and is_shipped_in_window), 0) as processing_seconds,
    {{ tally('promised', kept ~ ' and is_delivered_in_window', 'delivered_at') }},
    count(*) filter (where {{ kept }} and is_delivered_in_window and is_on_time) as on_time,
    {{ tally('resolved', kept ~ ' and is_in_window', 'resolved_at') }},
    {{ tally('ended', kept ~ " and is_in_window and outcome != 'cancelled'", 'resolved_at') }},
    count(*) filter (where {{ kept }} and is_in_window and outcome = 'returned') as returned,
    count(*) filter (where {{ kept }} and is_in_window and is_disputed) as disputed,
    count(*) filter (where {{ kept }} and is_in_window and is_defect) as defective
{%- endmacro %}

{#- What a shop's positive share is made of, over its life. -#}
{% macro seller_lifetime_tallies(kept) -%}
    {{ tally('completed', kept ~ " and outcome = 'completed'", 'resolved_at') }},
    count(*) filter (
        where {{ kept }} and outcome = 'completed' and rating >= {{ policy('positive_rating_from') }}
    ) as positive
{%- endmacro %}

{#- The same of whole days. -#}
{% macro seller_day_tallies() -%}
    {{ tally_of_parts('judged', 'is_judged_in_window') }},
    {{ total('fulfilled', 'is_judged_in_window') }},
    {{ tally_of_parts('shipped', 'is_shipped_in_window') }},
    sum(processing_seconds) filter (where is_shipped_in_window) as processing_seconds,
    {{ tally_of_parts('promised', 'is_delivered_in_window') }},
    {{ total('on_time', 'is_delivered_in_window') }},
    {{ tally_of_parts('resolved', 'is_in_window') }},
    {{ tally_of_parts('ended', 'is_in_window') }},
    {{ total('returned', 'is_in_window') }},
    {{ total('disputed', 'is_in_window') }},
    {{ total('defective', 'is_in_window') }}
{%- endmacro %}

{#- What a shop's customers of this quarter and of the one before are counted from. -#}
{% macro seller_quarter_tallies(kept) -%}
    {{ tally('late', kept ~ ' and is_completed and is_late', 'resolved_at') }},
    {{ tally('earlier', kept ~ ' and is_completed and is_earlier', 'resolved_at') }}
{%- endmacro %}

{#- The flags that seller_order_tallies() and seller_quarter_tallies() count; `start` is where the window begins. -#}
{% macro seller_order_flags(start) -%}
    orders.*,
    orders.outcome = 'completed' as is_completed,
    coalesce(orders.judged_at >= {{ start }}, false) as is_judged_in_window,
    coalesce(orders.shipped_at >= {{ start }}, false) as is_shipped_in_window,
    orders.promised_at is not null
    and coalesce(orders.delivered_at >= {{ start }}, false) as is_delivered_in_window,
    coalesce(orders.resolved_at >= {{ start }}, false) as is_in_window,
    coalesce({{ is_late('orders.resolved_at') }}, false) as is_late,
    coalesce({{ is_earlier('orders.resolved_at') }}, false) as is_earlier
{%- endmacro %}

{#- rate → what is counted, and the tally it is a share of -#}
{%- set rates = {
    'repeat_customer_rate': ('repeat_customers', 'customers'),
    'customer_retention_rate': ('retained_customers', 'earlier_customers'),
    'order_fulfillment_rate': ('fulfilled', 'evaluated'),
    'on_time_delivery_rate': ('on_time', 'promised'),
    'return_rate': ('returned', 'ended'),
    'dispute_rate': ('disputed', 'resolved'),
    'defect_rate': ('defective', 'resolved'),
    'effective_positive_rate': ('positive', 'completed'),
} -%}
{%- set raw_rates = {} -%}
{%- for rate, (num, den) in rates.items() -%}
    {%- do raw_rates.update({rate: ('raw_' ~ num, 'raw_' ~ den)}) -%}
{%- endfor -%}
{#- what the facts hold as the document shows it -#}
{%- set money = [
    'total_revenue', 'avg_order_value', 'last_30_days_revenue', 'pending_balance', 'available_balance',
    'total_withdrawn',
] -%}
{%- set plain = [
    'total_sales', 'last_30_days_sales', 'total_customers', 'avg_processing_time', 'response_rate',
    'response_time_avg', 'active_listings', 'sold_out_listings', 'avg_stock_level',
] -%}

with performance as (

    select performance.* from {{ ref('int_seller_performance') }} as performance
    {{ only_due('performance', 'seller_id', ref('int_due_sellers')) }}

),

forecasts as (

    select * from {{ ref('int_seller_forecasts') }}

),

foretold as (

    select
        performance.*,
        forecasts.expected_problem_rate,
        forecasts.expected_problem_range,
        forecasts.evidence as forecast_evidence
    from performance
    inner join forecasts on performance.seller_id = forecasts.seller_id

),

with_rates as (

    select
        *,
        {% for rate, (num, den) in rates.items() -%}
            {{ percentage(num, den) }} as {{ rate }},
        {% endfor -%}
        -- Growth from nothing is no number: 0.
        last_30_days_revenue - earlier_30_days_revenue as revenue_growth,
        {{ percentage('last_30_days_revenue - earlier_30_days_revenue', 'earlier_30_days_revenue') }}
            as month_over_month_growth
    from foretold

),

final as (

    select
        seller_id,
        total_sales,
        total_revenue::numeric(16, 2) as total_revenue,
        order_fulfillment_rate::numeric(6, 2) as order_fulfillment_rate,
        defect_rate::numeric(6, 2) as defect_rate,
        valid_until,
        jsonb_build_object(
            {% for key in money -%}
                '{{ key }}', round({{ key }}, 2),
            {% endfor -%}
            {% for key in plain -%}
                '{{ key }}', {{ key }},
            {% endfor -%}
            {% for rate in rates -%}
                '{{ rate }}', {{ rate }},
            {% endfor -%}
            'month_over_month_growth', month_over_month_growth,
            'expected_problem_rate', expected_problem_rate,
            'expected_problem_range', expected_problem_range,
            'evidence', jsonb_build_object(
                {% for rate, (num, den) in rates.items() -%}
                    '{{ rate }}', {{ tally_evidence(num, den) }},
                {% endfor -%}
                'expected_problem_rate', forecast_evidence,
                'response_rate', {{ tally_evidence('recent_threads_answered', 'recent_threads') }},
                'month_over_month_growth', {{ rate_evidence(
                    'revenue_growth', 'earlier_30_days_revenue',
                    'last_60_days_first_at', 'last_60_days_last_at'
                ) }}
            ) || {{ raw_evidence('has_exclusions', raw_rates) }},
            'last_calculated', {{ utc_text(as_of()) }}
        ) as document
    from with_rates

)

select * from final

{{ config(kind='of_the_due', looked_up=['seller_id', 'summed_on', 'user_id', 'is_whole']) }}

{#- tally → the windows of so many days that it is counted in, by whichever model; a window that is missing here would be
    counted as if it ended between two days -#}
{%- set evaluation = [policy('evaluation_window_days'), policy('evaluation_long_window_days')] -%}
{%- set quarters = [policy('retention_window_days'), '2 * ' ~ policy('retention_window_days')] -%}
{%- set windows = {
    'judged': evaluation,
    'shipped': evaluation,
    'promised': evaluation,
    'resolved': evaluation + quarters + [30, 60, policy('trust_window_days')],
    'disputes_lost': [policy('trust_window_days')],
} -%}
{%- set whole = [] -%}
{%- for tally, days in windows.items() -%}
    {%- do whole.append(no_window_ends('days.' ~ tally, days)) -%}
{%- endfor -%}

with final as (

    {{ days_of_the_due(ref('int_order_days'), whole | join(' and ')) }}

)

select * from final  -- noqa: AM04

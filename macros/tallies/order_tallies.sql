{#- The days on which something happens to an order that a shop's rates and its forecast go by. -#}
{% macro order_days() -%}
    {{- return([
        'resolved_on', 'evaluated_on', 'shipped_on', 'promised_on', 'lost_by_seller_on', 'known_on',
    ]) -}}
{%- endmacro %}

{#- The same, one row a day; null where the day is an earlier one again. -#}
{% macro order_days_once(orders) -%}
    {%- for day in order_days() -%}
        (
            case
                when {{ orders }}.{{ day }} in (
                    null
                    {%- for earlier in order_days()[:loop.index0] %}, {{ orders }}.{{ earlier }}{% endfor %}
                ) then null
                else {{ orders }}.{{ day }}
            end
        )
        {{- ',\n' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

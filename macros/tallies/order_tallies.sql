{#- The days on which something happens to an order that a shop's rates go by. -#}
{% macro order_days() -%}
    {{- return(['resolved_on', 'judged_on', 'shipped_on', 'promised_on', 'lost_by_seller_on']) -}}
{%- endmacro %}

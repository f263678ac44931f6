{#- The keys of reviews.detailed_ratings and of the ratings document. -#}
{% macro rating_dimensions() -%}
    {{- return([
        'product_quality', 'communication', 'shipping_speed', 'packaging', 'accuracy', 'value_for_money',
    ]) -}}
{%- endmacro %}

{#- A review's own rating of one dimension; null where it gave none between 1 and 5. -#}
{% macro detailed_rating(dimension) -%}
    case
        when jsonb_typeof(detailed_ratings -> '{{ dimension }}') = 'number'
            and (detailed_ratings ->> '{{ dimension }}')::numeric between 1 and 5
            then (detailed_ratings ->> '{{ dimension }}')::numeric
    end
{%- endmacro %}

{#- A mean with two decimals; 0 without evidence. -#}
{% macro mean(total, number) -%}
    coalesce({{ total }}::numeric / nullif({{ number }}, 0), 0)::numeric(4, 2)
{%- endmacro %}

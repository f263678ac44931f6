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

{#- The sums that reviews come to: what a shop's ratings and its person's are made of. -#}
{% macro review_sums() %}
    {%- set sums = {
        'rating_sum': 'sum(rating)',
        'positive_ratings': 'count(*) filter (where rating >= ' ~ policy('positive_rating_from') ~ ')',
        'five_star': 'count(*) filter (where rating = 5)',
        'four_star': 'count(*) filter (where rating = 4)',
        'three_star': 'count(*) filter (where rating = 3)',
        'two_star': 'count(*) filter (where rating = 2)',
        'one_star': 'count(*) filter (where rating = 1)',
    } -%}
    {%- for dimension in rating_dimensions() -%}
        {%- do sums.update({
            dimension ~ '_sum': 'sum(' ~ detailed_rating(dimension) ~ ')',
            dimension ~ '_ratings': 'count(' ~ detailed_rating(dimension) ~ ')',
        }) -%}
    {%- endfor -%}
    {{- return(sums) -}}
{% endmacro %}

{#- Reviews, those of one group, summed. -#}
{% macro summed_reviews() -%}
    {{ tally('total_reviews', 'true', 'created_at') }},
    {% for name, sum in review_sums().items() -%}
        {{ sum }} as {{ name }}{{ ',\n' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

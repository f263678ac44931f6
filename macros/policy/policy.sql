{#- One number of policy, by its name in seeds/policy_numbers.csv. -#}
{% macro policy(name) -%}
    (
        select policy_numbers.value
        from {{ ref('policy_numbers') }} as policy_numbers
        where policy_numbers.name = '{{ name }}'
    )
{%- endmacro %}

{#- A rate's evidence: what was counted, the first and last event counted, and `more` keys. -#}
{% macro rate_evidence(num, den, first_at, last_at, more={}, make='jsonb_build_object') -%}
    {{ make }}(
        'num', {{ num }},
        'den', {{ den }},
        'from', {{ utc_text(first_at) }},
        'to', {{ utc_text(last_at) }}
        {%- for key, value in more.items() %},
        '{{ key }}', {{ value }}
        {%- endfor %}
    )
{%- endmacro %}

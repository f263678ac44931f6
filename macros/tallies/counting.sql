{#- How many rows meet a condition, and the first and last of them: what a rate's evidence is made of. -#}
{% macro tally(name, condition, moment) -%}
    count(*) filter (where {{ condition }}) as {{ name }},
    min({{ moment }}) filter (where {{ condition }}) as {{ name }}_first_at,
    max({{ moment }}) filter (where {{ condition }}) as {{ name }}_last_at
{%- endmacro %}

{#- The same three columns of one row. -#}
{% macro tally_of_one(name, condition, moment) -%}
    ({{ condition }})::integer as {{ name }},
    case when {{ condition }} then {{ moment }} end as {{ name }}_first_at,
    case when {{ condition }} then {{ moment }} end as {{ name }}_last_at
{%- endmacro %}

{#- The same three columns of parts that are tallied themselves, such as days. -#}
{% macro tally_of_parts(name, condition='true', as=none) -%}
    {{ total(name, condition, as) }},
    min({{ name }}_first_at) filter (where {{ condition }}) as {{ as or name }}_first_at,
    max({{ name }}_last_at) filter (where {{ condition }}) as {{ as or name }}_last_at
{%- endmacro %}

{#- A whole number that parts have, added up over those that meet a condition. -#}
{% macro total(name, condition='true', as=none) -%}
    coalesce(sum({{ name }}) filter (where {{ condition }}), 0)::bigint as {{ as or name }}
{%- endmacro %}

{#- The same three columns of `relation`, and plain `numbers`; 0 where it has no row. -#}
{% macro tallied(relation, names, numbers=[]) -%}
    {%- for name in names -%}
        coalesce({{ relation }}.{{ name }}, 0) as {{ name }},
        {{ relation }}.{{ name }}_first_at,
        {{ relation }}.{{ name }}_last_at
        {%- if numbers or not loop.last -%},
        {% endif -%}
    {%- endfor -%}
    {%- for number in numbers -%}
        coalesce({{ relation }}.{{ number }}, 0) as {{ number }}
        {%- if not loop.last -%},
        {% endif -%}
    {%- endfor -%}
{%- endmacro %}

{#- A percentage with two decimals, rounded once; 0 without evidence. -#}
{% macro percentage(num, den) -%}
    coalesce(round(100 * ({{ num }})::numeric / nullif({{ den }}, 0), 2), 0)
{%- endmacro %}

{#- The evidence of a rate from a tally of its denominator. -#}
{% macro tally_evidence(num, den) -%}
    {{ rate_evidence(num, den, den ~ '_first_at', den ~ '_last_at') }}
{%- endmacro %}

{#- What the rates would be made of with the excluded orders, where a member has any: rate → its num, and
    the tallies that sum to its den. -#}
{% macro raw_evidence(shown, rates) -%}
    case
        when {{ shown }}
            then jsonb_build_object(
                'raw', jsonb_build_object(
                    {% for rate, tallies in rates.items() -%}
                        '{{ rate }}', {{ rate_evidence(
                            tallies[0],
                            tallies[1:] | join(' + '),
                            'least(' ~ (tallies[1:] | join('_first_at, ')) ~ '_first_at)',
                            'greatest(' ~ (tallies[1:] | join('_last_at, ')) ~ '_last_at)'
                        ) }}{{ ', ' if not loop.last }}
                    {% endfor -%}
                )
            )
        else '{}'::jsonb
    end
{%- endmacro %}

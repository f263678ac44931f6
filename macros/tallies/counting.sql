{#- How many rows meet a condition, and the first and last of them: what a rate's evidence is made of. -#}
{% macro tally(name, condition, moment) -%}
    count(*) filter (where {{ condition }}) as {{ name }},
    min({{ moment }}) filter (where {{ condition }}) as {{ name }}_first_at,
    max({{ moment }}) filter (where {{ condition }}) as {{ name }}_last_at
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

{#- Columns that two relations count apart, in one: numbers added, of tallies also the first and last moment. -#}
{% macro added_up(one, other, numbers=[], tallies=[]) -%}
    {%- for name in numbers + tallies -%}
        coalesce({{ one }}.{{ name }}, 0) + coalesce({{ other }}.{{ name }}, 0) as {{ name }}
        {%- if name in tallies -%},
            least({{ one }}.{{ name }}_first_at, {{ other }}.{{ name }}_first_at) as {{ name }}_first_at,
            greatest({{ one }}.{{ name }}_last_at, {{ other }}.{{ name }}_last_at) as {{ name }}_last_at
        {%- endif -%}
        {{ ',\n' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#- The same three columns of `relation`, 0 where it has no row. -#}
{% macro tallied(relation, names) -%}
    {%- for name in names -%}
        coalesce({{ relation }}.{{ name }}, 0) as {{ name }},
        {{ relation }}.{{ name }}_first_at,
        {{ relation }}.{{ name }}_last_at
        {%- if not loop.last -%},
        {% endif -%}
    {%- endfor -%}
{%- endmacro %}

{#- The columns of a tally where excluded orders are counted too: `raw_<name>` from `kept` and `excluded`. -#}
{% macro tallied_raw(kept, excluded, names) -%}
    {%- for name in names -%}
        coalesce({{ kept }}.{{ name }}, 0) + coalesce({{ excluded }}.{{ name }}, 0) as raw_{{ name }},
        least({{ kept }}.{{ name }}_first_at, {{ excluded }}.{{ name }}_first_at) as raw_{{ name }}_first_at,
        greatest({{ kept }}.{{ name }}_last_at, {{ excluded }}.{{ name }}_last_at) as raw_{{ name }}_last_at
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

{#- What the rates would be made of with the excluded orders, where a member has any: rate → its num, and the
    tallies that sum to its den. -#}
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

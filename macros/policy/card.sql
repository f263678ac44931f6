{#- The bins of a card's metrics, one row a metric, as arrays: one binary search finds a member's bin. -#}
{% macro bins_by_metric(bins, metric_columns, bin_columns) -%}
    select
        {{ metric_columns | join(', ') }},
        array_agg(lower_bound order by lower_bound asc) as lower_bounds,
        {% for column, array in bin_columns.items() -%}
            array_agg({{ column }} order by lower_bound asc) as {{ array }}{{ ',' if not loop.last }}
        {% endfor -%}
    from {{ bins }}
    group by {{ metric_columns | join(', ') }}
{%- endmacro %}

{#- The bin that a value reaches: the last that does not begin above it, and never before the first. -#}
{% macro bin_reached(value, lower_bounds) -%}
    greatest(width_bucket({{ value }}, {{ lower_bounds }}), 1)
{%- endmacro %}

{#- A quotient cut to hundredths, without any rounding: it reaches a bound of two decimals only where the
    exact one does. -#}
{% macro hundredths(num, den) -%}
    (div(100 * ({{ num }}), {{ den }}) * 0.01)
{%- endmacro %}

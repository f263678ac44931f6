{#- Pieces of the trust document; used in int_user_scorecards, over `measured`, `scorecard` and `scored`.
    -#}

{#- What a metric was measured from: a rate's counts with its prior, or a plain value. As json, like the
    factors: what is put together from parts is faster as text that is read once. -#}
{% macro metric_evidence() -%}
    case
        when scorecard.kind = 'rate'
            then {{ rate_evidence(
                'measured.num', 'measured.den', 'measured.first_at', 'measured.last_at',
                {'k': 'scorecard.smoothing_k', 'prior': 'scorecard.smoothing_prior'},
                make='json_build_object'
            ) }}
        -- Not the number of days: it is another one tomorrow, and nothing about the member has changed.
        when scorecard.kind = 'age' then json_build_object('since', {{ utc_text('measured.first_at') }})
        else json_build_object('value', measured.counted)
    end
{%- endmacro %}

{#- One line of factors.positive or factors.negative. -#}
{% macro factor_json() -%}
    json_build_object(
        'code', measured.metric,
        'points', scored.points,
        'label_en', scorecard.label_en,
        'label_th', scorecard.label_th,
        'evidence', {{ metric_evidence() }}
    )
{%- endmacro %}

{#- The next step, or the end of the review interval less a jitter that is the member's own. -#}
{% macro next_review(member_id, valid_until) -%}
    least(
        {{ valid_until }},
        {{ as_of() }} + make_interval(
            hours => 24 * {{ policy('review_interval_days') }}::integer,
            secs => -mod(
                ('x' || left(md5({{ member_id }}::text), 8))::bit(32)::bigint,
                3600 * {{ policy('review_jitter_hours') }}
            )::integer
        )
    )
{%- endmacro %}

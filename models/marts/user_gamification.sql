{%- set metrics = ['purchases', 'sales', 'reviews', 'helpful_reviews', 'referrals'] -%}
{%- set counted = metrics + ['partners', 'purchase_streak', 'review_streak'] -%}

with experience as (

    select experience.* from {{ ref('int_user_experience') }} as experience
    {{ only_due('experience', 'user_id', ref('int_due_users')) }}

),

published as (

    select * from {{ ref('int_user_published_awards') }}

),

levels as (

    select
        experience_level as level,
        minimum,
        lead(minimum) over (order by minimum) as next_minimum
    from {{ ref('gamification_levels') }}

),

awards as (

    select
        *,
        kind || ' ' || code as published_as
    from {{ ref('awards') }}

),

-- One that was earned before keeps its moment; a kept one stays although its count has fallen.
awarded as (

    select
        experience.*,
        given.badges,
        given.achievements,
        given.milestones
    from experience
    left join published on experience.user_id = published.user_id
    cross join lateral (
        select
            {% for kind in ('badge', 'achievement') -%}
                coalesce(
                    jsonb_agg(
                        jsonb_build_object(
                            'code', awards.code,
                            'earned_at', coalesce(
                                published.earned ->> awards.published_as, {{ utc_text(as_of()) }}
                            )
                        ) order by awards.place
                    ) filter (where awards.kind = '{{ kind }}'),
                    '[]'
                ) as {{ kind }}s,
            {% endfor -%}
            coalesce(
                jsonb_agg(awards.code order by awards.place) filter (where awards.kind = 'milestone'), '[]'
            ) as milestones
        from awards
        where
            case awards.metric
                {% for metric in counted -%}
                    when '{{ metric }}' then experience.{{ metric }}
                {% endfor -%}
            end >= awards.threshold
            or (awards.is_kept and published.earned ? awards.published_as)
    ) as given

),

final as (

    select
        awarded.user_id,
        awarded.experience_points,
        levels.level,
        awarded.next_step_at as valid_until,
        jsonb_build_object(
            'experience_points', awarded.experience_points,
            'level', levels.level::integer,
            'points_to_next_level', coalesce(levels.next_minimum - awarded.experience_points, 0),
            'purchase_streak', awarded.purchase_streak,
            'review_streak', awarded.review_streak,
            'milestones_completed', awarded.milestones,
            'badges', awarded.badges,
            'achievements', awarded.achievements,
            'evidence', jsonb_build_object(
                'experience', jsonb_build_object(
                    {% for metric in metrics -%}
                        '{{ metric }}', jsonb_build_object(
                            'count', awarded.{{ metric }},
                            'each', awarded.{{ metric }}_each,
                            'points', awarded.{{ metric }}_points
                        ){{ ',' if not loop.last }}
                    {% endfor -%}
                ),
                'partners', awarded.partners,
                {% for streak in ('purchase_streak', 'review_streak') -%}
                    '{{ streak }}', jsonb_build_object(
                        'from', to_char(awarded.{{ streak }}_from, 'YYYY-MM'),
                        'to', to_char(awarded.{{ streak }}_to, 'YYYY-MM')
                    ){{ ',' if not loop.last }}
                {% endfor -%}
            )
        ) as document
    from awarded
    left join levels
        on
            awarded.experience_points >= levels.minimum
            and (awarded.experience_points < levels.next_minimum or levels.next_minimum is null)

)

select * from final

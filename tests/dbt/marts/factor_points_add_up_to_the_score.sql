select
    scores.user_id,
    scores.overall_score,
    50 + factors.points as sum_of_factors
from {{ ref('user_trust_scores') }} as scores
inner join {{ ref('int_due_users') }} as due_users on scores.user_id = due_users.user_id
cross join
    lateral (
        select coalesce(sum((factor ->> 'points')::numeric), 0) as points
        from
            jsonb_array_elements(
                scores.document #> '{factors,positive}' || (scores.document #> '{factors,negative}')
            ) as factor
    ) as factors
where scores.overall_score != 50 + factors.points
